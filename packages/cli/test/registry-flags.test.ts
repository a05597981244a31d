import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import { digestTagsOf } from "@drayage/core/reference";
import { startRegistry } from "@drayage/registry";
import { newAuthority, opensslProgram } from "@drayage/test-support";
import { descriptorOf, randomArtifact, randomImage } from "@drayage/testkit";
import { describe, expect, test, vi } from "vitest";

import { drayage, temporaryFolder } from "./drayage.ts";

/** Each test starts the command several times. */
vi.setConfig({ testTimeout: 120_000 });

const image = await randomImage("flags", { layers: 1 });
const users = { me: { password: "a:b" }, alone: { password: "" } };
const basic = { authentication: { kind: "basic", users } } as const;

describe("credentials", () => {
  test.each([
    ["a colon in the password", "me:a:b", 0],
    ["a user alone", "alone", 0],
    ["an empty password", "alone:", 0],
    ["half of the password", "me:a", 1],
    ["no user", ":a:b", 1],
  ])("%s is parsed from --creds", async (_, creds, code) => {
    await using registry = await startRegistry(basic);
    await registry.putImage("app", image, "1");
    const run = await drayage("list-tags", "--creds", creds, `docker://${registry.host}/app`);
    expect(run.code).toBe(code);
  });

  test("--src-authfile takes precedence over --authfile", async () => {
    await using registry = await startRegistry(basic);
    await using folder = await temporaryFolder();
    await registry.putImage("app", image, "1");
    const [right, wrong] = [path.join(folder.path, "right"), path.join(folder.path, "wrong")];
    for (const [file, user] of [
      [right, "me:a:b"],
      [wrong, "me:x"],
    ] as const) {
      const auth = Buffer.from(user).toString("base64");
      await writeFile(file, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    }
    const [from, to] = [`docker://${registry.host}/app:1`, `dir:${folder.path}/out`];
    const copy = ["copy", "-q", "--insecure-policy"];
    const both = [...copy, "--authfile", wrong, "--src-authfile", right, from, to];
    expect(await drayage(...both)).toMatchObject({ code: 0 });
    const others = [...copy, "--authfile", right, "--src-authfile", wrong, from, to];
    expect(await drayage(...others)).toMatchObject({ code: 1 });
  });
});

test("--src-parallel-ranges downloads a large blob in parallel ranges", async () => {
  await using registry = await startRegistry();
  await using folder = await temporaryFolder();
  const layer = Buffer.alloc(65 << 20);
  const config = Buffer.from('{"rootfs":{"type":"layers","diff_ids":[]}}');
  const described = (mediaType: string, bytes: Buffer): object => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  for (const blob of [layer, config]) await registry.putBlob("app", blob);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: described("config.v1+json", config),
    layers: [described("layer.v1.tar", layer)],
  };
  registry.putManifest("app", { bytes: Buffer.from(JSON.stringify(manifest)), mediaType }, "1");
  const readsWith = async (...flags: readonly string[]): Promise<number> => {
    registry.clear();
    const copy = ["copy", "-q", "--insecure-policy", ...flags, `docker://${registry.host}/app:1`];
    expect(await drayage(...copy, `dir:${folder.path}/out${flags.length}`)).toMatchObject({
      code: 0,
    });
    return registry.requests.filter(({ path: requested }) => requested.endsWith(digestOf(layer)))
      .length;
  };
  expect(await readsWith()).toBe(1);
  expect(await readsWith("--src-parallel-ranges=3")).toBeGreaterThanOrEqual(3);
});

describe.skipIf(opensslProgram === undefined)("an untrusted certificate", () => {
  test("the error names the flag of the side", async () => {
    await using folder = await temporaryFolder();
    const authority = newAuthority(folder.path, "ca");
    await using registry = await startRegistry({ tls: authority.issue("server") });
    await registry.putImage("app", image, "1");
    await using plain = await startRegistry();
    await plain.putImage("app", image, "1");
    const secure = `docker://${registry.host}/app:1`;
    const copy = ["copy", "-q", "--insecure-policy"];
    const runs = [
      ["--tls-verify=false", ["inspect", secure]],
      ["--tls-verify=false", ["login", "-u", "me", "-p", "x", registry.host]],
      ["--src-tls-verify=false", [...copy, secure, `dir:${folder.path}/out`]],
      ["--dest-tls-verify=false", [...copy, `docker://${plain.host}/app:1`, secure]],
    ] as const;
    for (const [flag, args] of runs) {
      const { code, stderr } = await drayage(...args);
      expect(code).toBe(1);
      expect(stderr).toContain(`not trusted; to connect anyway, use ${flag} (`);
      expect(stderr).not.toContain('"insecure"');
    }
    expect(await drayage("inspect", "--tls-verify=false", secure)).toMatchObject({ code: 0 });
  });
});

test("--registries.d names the folder that configures signature storage", async () => {
  await using registry = await startRegistry();
  await using folder = await temporaryFolder();
  await registry.putImage("app", image, "1");
  const signature = await randomArtifact("flags", { subject: descriptorOf(image) });
  const [tag = ""] = digestTagsOf(image.manifest.digest);
  await registry.putImage("app", signature, tag);
  const text = "default-docker:\n  use-sigstore-attachments: true\n";
  await writeFile(path.join(folder.path, "default.yaml"), text);
  const copy = ["copy", "-q", "--insecure-policy", "--registries.d", folder.path];
  const from = `docker://${registry.host}/app:1`;
  const kept = await drayage(...copy, from, `dir:${folder.path}/out`);
  expect(kept).toMatchObject({ code: 0 });
  expect(await readdir(path.join(folder.path, "out"))).toContain("signature-1");
  const refused = await drayage(...copy, from, `oci:${folder.path}/layout:1`);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--remove-signatures") as string,
  });
  const without = await drayage(
    ...copy,
    "--remove-signatures",
    from,
    `oci:${folder.path}/layout:1`,
  );
  expect(without).toMatchObject({ code: 0 });
});
