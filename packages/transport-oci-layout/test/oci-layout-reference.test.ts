import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

const transport = ociLayout();
const invalid = expect.objectContaining({ code: "invalid-reference" }) as Error;

test("the name of the transport is oci", () => {
  expect(transport.name).toBe("oci");
});

test.each([
  ["", { kind: "only" }, ":"],
  [":", { kind: "only" }, ":"],
  [":v1", { kind: "name", name: "v1" }, ":v1"],
  [":busybox:notlatest+1", { kind: "name", name: "busybox:notlatest+1" }, ":busybox:notlatest+1"],
  [":@3", { kind: "position", position: 3 }, ":@3"],
])("a folder with %j is a reference", async (text, selector, written) => {
  const folder = await scratchFolder();
  for (const name of ["there", "missing"]) {
    const layout = path.join(folder, name);
    if (name === "there") await mkdir(layout);
    const reference = transport.parseReference(layout + text);
    expect(reference).toMatchObject({ folder: layout, selector, dockerReference: undefined });
    expect(reference.stringWithinTransport).toBe(layout + written);
  }
});

test("a parsed path is absolute and has no symbolic links", async () => {
  const folder = await scratchFolder();
  await mkdir(path.join(folder, "real"));
  await symlink("real", path.join(folder, "link"));
  const relative = path.relative(process.cwd(), path.join(folder, "link", ".", "layout"));
  const { folder: resolved } = transport.parseReference(`${relative}:v1`);
  expect(resolved).toBe(path.join(folder, "real", "layout"));
});

test("rejects a path without a parent, a dangling link and a link to a path with a colon", async () => {
  const folder = await scratchFolder();
  await symlink("nowhere", path.join(folder, "dangling"));
  await mkdir(path.join(folder, "a:b"));
  await symlink("a:b", path.join(folder, "colon"));
  for (const name of ["missing/layout", "dangling", "colon"])
    expect(() => transport.parseReference(path.join(folder, name))).toThrow(invalid);
});

test.each(["", ":", ":v1", "/tmp:@", "/tmp:\u0007", "//registry.example/image:v1"])(
  "%j is not a reference",
  (text) => {
    expect(() => transport.parseReference(text)).toThrow(invalid);
  },
);

test("the error for a URL explains what to write", () => {
  const parse = () => transport.parseReference("//registry.example/image:v1");
  expect(parse).toThrow("docker://registry.example/image:v1");
});

test("the policy scopes are the folder and its parents, without the name of the image", async () => {
  const folder = await scratchFolder();
  const layout = path.join(folder, "layout");
  const above = [folder, path.dirname(folder)].filter((one) => one !== "/");
  const reference = transport.parseReference(`${layout}:v1`);
  expect(reference.policyConfigurationIdentity).toBe(layout);
  expect(reference.policyConfigurationNamespaces).toEqual([layout, ...above]);
  expect(transport.parseReference("/:v1").policyConfigurationNamespaces).toEqual([]);
});

test.each(["/etc", "/a/b"])("%s is a scope", (scope) => {
  transport.validatePolicyConfigurationScope(scope);
});

test.each(["", "/", "relative", "/a/", "/a/../b", "//a"])("%j is not a scope", (scope) => {
  expect(() => transport.validatePolicyConfigurationScope(scope)).toThrow(
    expect.objectContaining({ code: "invalid-scope" }) as Error,
  );
});

test.each(["@0", `@sha256:${"0".repeat(64)}`, "v 1", "-v1", "ü"])(
  "%s cannot be written",
  async (image) => {
    const reference = transport.parseReference(`${await scratchFolder()}:${image}`);
    const opened = reference.newImageDestination();
    await expect(opened).rejects.toMatchObject({ code: "invalid-reference" });
  },
);

test("a file is not a layout", async () => {
  const file = path.join(await scratchFolder(), "file");
  await writeFile(file, "");
  const reference = transport.parseReference(`${file}:v1`);
  await expect(reference.newImageSource()).rejects.toMatchObject({ code: "not-found" });
  await expect(reference.newImageDestination()).rejects.toMatchObject({ code: "conflict" });
});
