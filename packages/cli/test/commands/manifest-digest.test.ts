import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { digestOf, mediaTypes } from "@drayage/core";
import { findProgram, outputOf } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../drayage.ts";

const skopeo = findProgram("skopeo");
const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/manifest/fixtures",
);

describe("manifest-digest", () => {
  test("is the digest of the file", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "manifest.json");
    await writeFile(file, '{ "schemaVersion": 2 }\n');
    const { code, stdout } = await drayage("manifest-digest", file);
    expect(stdout).toBe(`${digestOf(Buffer.from('{ "schemaVersion": 2 }\n'))}\n`);
    expect(code).toBe(0);
  });

  test("has the requested algorithm", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "manifest.json");
    await writeFile(file, "{}");
    const { stdout } = await drayage("manifest-digest", "--digest-algorithm", "sha512", file);
    expect(stdout).toBe(`${digestOf(Buffer.from("{}"), "sha512")}\n`);
    const md5 = await drayage("manifest-digest", "--digest-algorithm", "md5", file);
    expect(md5).toMatchObject({ code: 1, stdout: "" });
  });

  test.skipIf(!existsSync(fixtures))("excludes the signatures of schema 1", async () => {
    const { stdout } = await drayage("manifest-digest", path.join(fixtures, "v2s1.manifest.json"));
    expect(stdout).toBe(
      "sha256:7364fea9d84ee548ab67d4c46c6006289800c98de3fbf8c0a97138dfcc23f000\n",
    );
  });

  test.skipIf(!existsSync(fixtures) || skopeo === undefined)(
    "matches skopeo's for all manifest types",
    async () => {
      const names = await readdir(fixtures);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        const file = path.join(fixtures, name);
        const theirs = await outputOf(skopeo ?? "", "manifest-digest", file);
        const ours = await drayage("manifest-digest", file);
        expect([name, ours.stdout]).toEqual([name, theirs]);
        expect(theirs).toMatch(/^sha256:[0-9a-f]{64}\n$/);
      }
    },
  );

  test.each([
    ["has schemaVersion 2", '"schemaVersion":2'],
    ["has an OCI media type", `"schemaVersion":1,"mediaType":"${mediaTypes.ociManifest}"`],
  ])("covers all bytes if a manifest with signatures %s", async (_, start) => {
    const text = `{${start},"signatures":[${signatureOf("{}", 0)}]}`;
    const { stdout } = await digestOfFile(text);
    expect(stdout).toBe(`${digestOf(Buffer.from(text))}\n`);
  });

  test("covers the part that all schema 1 signatures sign", async () => {
    const signed = '{"schemaVersion":1,"name":"a"}';
    const signature = signatureOf("}", signed.length - 1);
    const text = `${signed.slice(0, -1)},"signatures":[${signature},${signature}]}`;
    const { stdout } = await digestOfFile(text);
    expect(stdout).toBe(`${digestOf(Buffer.from(signed))}\n`);
  });

  test.each([
    ["none", "[]"],
    ["not an array", "{}"],
    ["null", "[null]"],
    ["without a header", "[{}]"],
    ["with a header that is not a string", '[{"protected":7}]'],
    ["with a header that is not base64url", '[{"protected":"+/+/"}]'],
    ["with a header that is not JSON", '[{"protected":"AAAA"}]'],
    ["with a negative length", `[${signatureOf("}", -5)}]`],
    ["with a length beyond the file", `[${signatureOf("}", 1000)}]`],
    ["with a misspelled length", `[${signatureOf("}", 3, "FormatLength")}]`],
    ["for different content", `[${signatureOf("}", 3)},${signatureOf("}", 4)}]`],
  ])("fails for schema 1 with signatures %s", async (_, signatures) => {
    const { code, stdout } = await digestOfFile(`{"schemaVersion":1,"signatures":${signatures}}`);
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("fails if Go reads a different schemaVersion", async () => {
    const signatures = `"signatures":[${signatureOf("}", 3)}]`;
    for (const text of [
      `{"schemaVersion":2,"SchemaVersion":1,${signatures}}`,
      `{"schemaVersion":1,"schemaVersion":2,${signatures}}`,
      `{"\u017fchemaVersion":1,${signatures}}`,
    ])
      expect((await digestOfFile(text)).code).toBe(1);
  });

  test("fails for a missing file with its name", async () => {
    const { code, stderr } = await drayage("manifest-digest", "/nonexistent");
    expect(stderr).toBe("drayage: There is no file /nonexistent; name the file of a manifest\n");
    expect(code).toBe(1);
  });
});

async function digestOfFile(text: string): ReturnType<typeof drayage> {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "manifest.json");
  await writeFile(file, text);
  return await drayage("manifest-digest", file);
}

function signatureOf(tail: string, length: number, lengthKey = "formatLength"): string {
  const formatTail = Buffer.from(tail).toString("base64url");
  const header = JSON.stringify({ [lengthKey]: length, formatTail });
  return JSON.stringify({ protected: Buffer.from(header).toString("base64url") });
}
