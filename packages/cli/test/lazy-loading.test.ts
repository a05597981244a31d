import path from "node:path";

import { outputOf } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { expect, test } from "vitest";

import { temporaryFolder } from "./drayage.ts";

/** Prints each package of this repository that is loaded. */
const telling = `
  import { registerHooks } from "node:module";
  registerHooks({
    load(url, context, next) {
      const [, name] = /packages\\/([^/]+)\\/src\\//.exec(url) ?? [];
      if (name !== undefined) process.stdout.write(name + "\\n");
      return next(url, context);
    },
  });
`;

/** Runs the sources, whose paths contain the package. Node 22 does not support their `await using`. */
const command = [
  "--conditions=@drayage/source",
  path.resolve(import.meta.dirname, "../src/main.ts"),
] as const;
const runsSources = Number.parseInt(process.versions.node, 10) >= 24;

test.skipIf(!runsSources)("only the transports in use are loaded", async () => {
  await using folder = await temporaryFolder();
  const [from, to] = [path.join(folder.path, "from"), path.join(folder.path, "to")];
  await writeImage(await randomImage("lazy"), directory().parseReference(from));
  const hooks = `data:text/javascript,${encodeURIComponent(telling)}`;
  const copy = ["copy", "--quiet", "--insecure-policy", `dir:${from}`, `oci:${to}`];
  const output = await outputOf(process.execPath, "--import", hooks, ...command, ...copy);
  expect([...new Set(output.trim().split("\n"))].toSorted()).toEqual([
    "blob-info-cache",
    "cli",
    "core",
    "image-layout",
    "transport-dir",
    "transport-kit",
    "transport-oci-layout",
  ]);
});
