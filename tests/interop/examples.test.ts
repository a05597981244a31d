import path from "node:path";

import { startRegistry } from "@drayage/registry";
import { outputOf } from "@drayage/test-support";
import { randomIndex, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const root = path.resolve(import.meta.dirname, "../..");
/** The Node version of development. Older versions cannot run the sources. */
const node = path.join(root, "node_modules/.bin/node");

test("the copy in twelve lines copies an index with all its images", async () => {
  await using folder = await temporaryFolder();
  await using registry = await startRegistry();
  const index = await randomIndex("example");
  const layout = `${path.join(folder.path, "layout")}:example`;
  await writeImage(index, ociLayout().parseReference(layout));
  const program = path.join(root, "examples/copy-in-twelve-lines/src/main.ts");
  const to = `docker://${registry.host}/an/example:tag`;
  const output = await outputOf(node, "--conditions=@drayage/source", program, `oci:${layout}`, to);
  expect(output).toContain(index.manifest.digest);
  expect(registry.findManifest("an/example", "tag")).toEqual(index.manifest);
});

test("the demo prints the stops of the image and compares their digests", async () => {
  const program = path.join(root, "examples/demo/src/main.ts");
  // Instead of Node itself, which has 120 MB.
  const output = await outputOf(node, "--conditions=@drayage/source", program, program);
  expect(output.match(/sha256:[0-9a-f]+/g)).toHaveLength(4);
  expect(output).toContain("All digests are equal");
});
