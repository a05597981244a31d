import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { symlink } from "node:fs/promises";
import path from "node:path";

import { parseNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import { loadRegistriesD } from "../../src/signatures/registries-d.ts";
import { signatureStorageOf } from "../../src/signatures/signature-storage.ts";
import type { SignatureStorage } from "../../src/signatures/signature-storage.ts";
import { machineWith } from "../registries-conf/scratch-conf.ts";

const etc = "etc/containers/registries.d";
const home = "home/me/.config/containers/registries.d";

async function storageOf(
  name: string,
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<SignatureStorage> {
  const system = await machineWith(files, environment);
  const conf = await loadRegistriesD({ system });
  return signatureStorageOf(conf, parseNamedReference(name), system);
}

const text = `
default-docker:
  sigstore: https://fallback.example/sigs
docker:
  a.example:
    lookaside: https://a.example/sigs
    lookaside-staging: file:///staging
    use-sigstore-attachments: true
  a.example/team:
    use-sigstore-attachments: false
  a.example/team/app:1:
    lookaside: https://one.example/sigs
    sigstore: https://ignored.example
  "*.b.example":
    lookaside: https://wildcard.example/sigs
  silent.example:
  old.example:
    sigstore: https://old.example/sigs
    sigstore-staging: file:///old
`;

test("a named pipe among the files does not hang", async () => {
  const system = await machineWith({ [`${etc}/a.yaml`]: "docker: {}" });
  const root = system.rootForImplicitAbsolutePaths ?? "";
  execFileSync("mkfifo", [path.join(root, etc, "b.yaml")]);
  expect((await loadRegistriesD({ system })).sections.size).toBe(0);
});

test("a device among the files is rejected at the size limit", async () => {
  const system = await machineWith({ [`${etc}/a.yaml`]: "docker: {}" });
  const root = system.rootForImplicitAbsolutePaths ?? "";
  await symlink("/dev/zero", path.join(root, etc, "b.yaml"));
  await expect(loadRegistriesD({ system })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/b\.yaml has more than the \d+ bytes that are read$/),
  });
});

describe("the signatures", () => {
  test.each([
    ["a.example/x:1", "https://a.example/sigs", "file:///staging", true],
    ["a.example/team/x:1", "https://a.example/sigs", "file:///staging", false],
    ["a.example/team/app:1", "https://one.example/sigs", "https://one.example/sigs", false],
    ["a.example/team/app:2", "https://a.example/sigs", "file:///staging", false],
    ["r.b.example:5000/x", "https://wildcard.example/sigs", "https://wildcard.example/sigs", false],
    ["silent.example/x", "https://fallback.example/sigs", "https://fallback.example/sigs", false],
    ["old.example/x", "https://old.example/sigs", "file:///old", false],
    ["alpine", "https://fallback.example/sigs", "https://fallback.example/sigs", false],
  ])("of %s are at %s, and written to %s", async (name, lookaside, staging, usesAttachments) => {
    const storage = await storageOf(name, { [`${etc}/a.yaml`]: text });
    expect(storage.lookaside.href).toBe(lookaside);
    expect(storage.staging.href).toBe(staging);
    expect(storage.usesAttachments).toBe(usesAttachments);
  });

  test.each(["", "# nothing\n---\n", "docker:\n", "default-docker:\n", "unknown: 1\n"])(
    "are in the folder of podman if the files contain %j",
    async (silent) => {
      const storage = await storageOf("alpine", { [`${etc}/a.yaml`]: silent });
      const folder =
        process.getuid?.() === 0
          ? "/var/lib/containers/sigstore"
          : "/home/me/.local/share/containers/sigstore";
      expect(storage.lookaside.href).toMatch(new RegExp(`^file:///.*${folder}$`));
      expect(storage.usesAttachments).toBe(false);
    },
  );
});

describe("of the configuration files", () => {
  const attached = "default-docker:\n  use-sigstore-attachments: true\n";

  test("those named *.yaml are read, and no others", async () => {
    const files = {
      [`${etc}/a.yaml`]: "docker:\n  a.example:\n    lookaside: https://a.example\n",
      [`${etc}/b.yaml`]: attached,
      [`${etc}/c.yml`]: "}",
      [`${etc}/d.yaml.orig`]: "}",
    };
    const storage = await storageOf("a.example/x", files);
    expect(storage.lookaside.href).toBe("https://a.example/");
    expect(storage.usesAttachments).toBe(true);
  });

  test("the user files are read instead of the system files", async () => {
    const files = { [`${etc}/a.yaml`]: attached, [`${home}/a.yaml`]: "# none" };
    expect((await storageOf("alpine", files)).usesAttachments).toBe(false);
  });

  test("the user files are read from XDG_CONFIG_HOME", async () => {
    const files = { [`${home}/a.yaml`]: attached };
    const environment = { XDG_CONFIG_HOME: "/nowhere" };
    expect((await storageOf("alpine", files, environment)).usesAttachments).toBe(false);
  });

  test("a named folder must exist", async () => {
    const loaded = loadRegistriesD({ registriesDir: "/nowhere/registries.d" });
    await expect(loaded).rejects.toMatchObject({ code: "unsupported" });
  });

  test("none is read if disabled", async () => {
    const system = await machineWith({ [`${etc}/a.yaml`]: "}" });
    const conf = await loadRegistriesD({ system, registriesDir: false });
    expect(conf.sections.size).toBe(0);
  });

  test.each([
    ["two sections", "docker:\n  a.example: {}\n", "docker:\n  a.example: {}\n", /a\.example/],
    ["two defaults", attached, attached, /default-docker/],
  ])("%s of one name contradict each other", async (_, first, second, words) => {
    const files = { [`${etc}/a.yaml`]: first, [`${etc}/b.yaml`]: second };
    await expect(storageOf("alpine", files)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(words) as string,
    });
  });

  test.each([
    "}",
    "[]",
    "text",
    "docker: []",
    "docker:\n  a.example: text",
    "docker:\n  a.example: {}\n  a.example: {}",
    "default-docker: 1",
    "default-docker:\n  lookaside: 1",
    "default-docker:\n  lookaside: /var/sigs",
    "default-docker:\n  lookaside: file://host/sigs",
    "default-docker:\n  lookaside: ftp://a.example",
    'default-docker:\n  use-sigstore-attachments: "yes"',
  ])("one with %j is reported by name", async (broken) => {
    await expect(storageOf("alpine", { [`${etc}/a.yaml`]: broken })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("a.yaml") as string,
    });
  });
});

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/docker/fixtures/registries.d",
);

test.skipIf(!existsSync(fixtures))("the fixtures of containers/image are read", async () => {
  const conf = await loadRegistriesD({ registriesDir: fixtures });
  expect(conf.sections.size).toBeGreaterThan(0);
});
