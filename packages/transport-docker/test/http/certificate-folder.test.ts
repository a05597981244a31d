import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { readCertificates } from "../../src/http/certificate-folder.ts";

const host = "registry.example.com:5000";
const nothing = { authorities: [], identities: [] };

/** A system with these files. */
async function machineWith(files: readonly string[]): Promise<{
  readonly root: string;
  readonly system: { rootForImplicitAbsolutePaths: string; environment: { HOME: string } };
}> {
  const root = await scratchFolder();
  for (const file of files) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), file);
  }
  const environment = { HOME: path.join(root, "home") };
  return { root, system: { rootForImplicitAbsolutePaths: root, environment } };
}

const [home, containers, docker] = [
  `home/.config/containers/certs.d/${host}`,
  `etc/containers/certs.d/${host}`,
  `etc/docker/certs.d/${host}`,
] as const;

describe("the folder of a registry", () => {
  test.each([
    [[home, containers, docker], home],
    [[containers, docker], containers],
    [[docker], docker],
  ])("of %j is %s", async (folders, found) => {
    const { system } = await machineWith(folders.map((folder) => `${folder}/ca.crt`));
    expect(await readCertificates(host, { system })).toEqual({
      ...nothing,
      authorities: [`${found}/ca.crt`],
    });
  });

  test("takes precedence even if it is empty", async () => {
    const { root, system } = await machineWith([`${docker}/ca.crt`]);
    await mkdir(path.join(root, home), { recursive: true });
    expect(await readCertificates(host, { system })).toEqual(nothing);
  });

  test("is that of exactly this host and port", async () => {
    const { system } = await machineWith([`${docker}/ca.crt`]);
    expect(await readCertificates("registry.example.com", { system })).toEqual(nothing);
  });

  test("is only the configured one", async () => {
    const { root, system } = await machineWith([`${docker}/ca.crt`, "mine/other.crt"]);
    const certDir = path.join(root, "mine");
    expect(await readCertificates(host, { system, certDir })).toEqual({
      ...nothing,
      authorities: ["mine/other.crt"],
    });
  });

  test("must exist if it is configured", async () => {
    const { root, system } = await machineWith([]);
    const certDir = path.join(root, "mine");
    await expect(readCertificates(host, { system, certDir })).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

test("a certificate and its key are an identity, and other files are ignored", async () => {
  const names = ["a.crt", "b.cert", "b.key", "c.crt", "c.cert", "c.key", "README", "d.pem"];
  const { system } = await machineWith(names.map((name) => `${home}/${name}`));
  expect(await readCertificates(host, { system })).toEqual({
    authorities: [`${home}/a.crt`, `${home}/c.crt`],
    identities: [
      { certificate: `${home}/b.cert`, key: `${home}/b.key` },
      { certificate: `${home}/c.cert`, key: `${home}/c.key` },
    ],
  });
});

test.each([
  ["client.cert", /client\.cert .*add client\.key .*\*\.crt/],
  ["client.key", /client\.key .*add client\.cert/],
])("%s alone is an error with the missing file", async (name, words) => {
  const { system } = await machineWith([`${home}/${name}`]);
  await expect(readCertificates(host, { system })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(words) as string,
  });
});

test.skipIf(process.platform === "win32").each(["ca.crt", "client.cert", "client.key"])(
  "a dangling link %s is reported by name",
  async (name) => {
    const { root, system } = await machineWith([`${home}/client.cert`, `${home}/client.key`]);
    const folder = path.join(root, home);
    const file = path.join(folder, name);
    await rm(file, { force: true });
    await symlink(path.join(folder, "nowhere"), file);
    await expect(readCertificates(host, { system })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(`${file}: it is a dangling link`) as string,
    });
  },
);

test("a folder instead of a certificate is reported by name", async () => {
  const { system } = await machineWith([`${home}/ca.crt/file`]);
  await expect(readCertificates(host, { system })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/ca\.crt .*folder/) as string,
  });
});
