import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { directory } from "../src/index.ts";

const transport = directory();
const invalid = expect.objectContaining({ code: "invalid-reference" }) as Error;

test("the name of the transport is dir", () => {
  expect(transport.name).toBe("dir");
});

test.each(["there", "missing", "with:colon", "with:colons:in it", "@0"])(
  "any path is a reference: %s",
  async (name) => {
    const folder = path.join(await scratchFolder(), name);
    if (name === "there") await mkdir(folder);
    const reference = transport.parseReference(folder);
    expect(reference).toMatchObject({ folder, dockerReference: undefined });
    expect(reference.stringWithinTransport).toBe(folder);
  },
);

test("a parsed path is absolute and has no symbolic links", async () => {
  const folder = await scratchFolder();
  await mkdir(path.join(folder, "real"));
  await symlink("real", path.join(folder, "link"));
  const relative = path.relative(process.cwd(), path.join(folder, "link", ".", "image"));
  expect(transport.parseReference(relative).folder).toBe(path.join(folder, "real", "image"));
});

test("rejects an empty path, a path without a parent and a dangling link", async () => {
  const folder = await scratchFolder();
  await symlink("nowhere", path.join(folder, "dangling"));
  for (const text of ["", path.join(folder, "missing", "image"), path.join(folder, "dangling")])
    expect(() => transport.parseReference(text)).toThrow(invalid);
});

test("the policy scopes are the folder and its parents", async () => {
  const folder = await scratchFolder();
  const reference = transport.parseReference(path.join(folder, "image"));
  const above = [folder, path.dirname(folder)].filter((one) => one !== "/");
  expect(reference.policyConfigurationIdentity).toBe(path.join(folder, "image"));
  expect(reference.policyConfigurationNamespaces).toEqual(above);
});

test.each(["", "/", "relative", "/a/", "/a/../b"])("%j is not a scope", (scope) => {
  expect(() => transport.validatePolicyConfigurationScope(scope)).toThrow(
    expect.objectContaining({ code: "invalid-scope" }) as Error,
  );
});

test("images in folders cannot be deleted", async () => {
  expect(transport.parseReference(await scratchFolder())).not.toHaveProperty("deleteImage");
});

test("a file is not an image directory", async () => {
  const file = path.join(await scratchFolder(), "file");
  await writeFile(file, "");
  const reference = transport.parseReference(file);
  await using source = await reference.newImageSource();
  await expect(source.getManifest()).rejects.toMatchObject({ code: "not-found" });
  await expect(reference.newImageDestination()).rejects.toMatchObject({ code: "conflict" });
});
