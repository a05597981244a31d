import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import { findProgram, outputOf } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { drayage, isRunnable, temporaryFolder } from "./drayage.ts";

const skopeo = findProgram("skopeo");
const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../shared/fixtures/containers-image/manifest/fixtures",
);

describe.skipIf(!isRunnable)("manifest-digest", () => {
  test("is the digest of the file's bytes", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "manifest.json");
    await writeFile(file, '{ "schemaVersion": 2 }\n');
    const { code, stdout } = await drayage("manifest-digest", file);
    expect(stdout).toBe(`${digestOf(Buffer.from('{ "schemaVersion": 2 }\n'))}\n`);
    expect(code).toBe(0);
  });

  test.skipIf(!existsSync(fixtures))("leaves the signatures of schema 1 out", async () => {
    const { stdout } = await drayage("manifest-digest", path.join(fixtures, "v2s1.manifest.json"));
    expect(stdout).toBe(
      "sha256:7364fea9d84ee548ab67d4c46c6006289800c98de3fbf8c0a97138dfcc23f000\n",
    );
  });

  test.skipIf(!existsSync(fixtures) || skopeo === undefined)(
    "is what skopeo says, for manifests of every kind",
    async () => {
      for (const name of await readdir(fixtures)) {
        const file = path.join(fixtures, name);
        const theirs = await outputOf(skopeo ?? "", "manifest-digest", file).catch(() => "");
        const ours = await drayage("manifest-digest", file);
        expect([name, ours.stdout]).toEqual([name, theirs]);
      }
    },
  );

  test("of a file that is not there fails with its name", async () => {
    const { code, stderr } = await drayage("manifest-digest", "/nonexistent");
    expect(stderr).toMatch(/^drayage: .*\/nonexistent.*\n$/);
    expect(code).toBe(1);
  });
});
