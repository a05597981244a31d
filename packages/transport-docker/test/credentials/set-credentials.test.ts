import { execFileSync, spawn } from "node:child_process";
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import {
  findCredentials,
  removeAllCredentials,
  removeCredentials,
  setCredentials,
} from "../../src/index.ts";
import { keepingScript, systemIn, systemWithHelper } from "./helper-program.ts";

const ann = { username: "ann", password: "correct horse" };
const auth = Buffer.from("ann:correct horse").toString("base64");

async function contentOf(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, "utf8"));
}

async function written(content: unknown): Promise<string> {
  const file = path.join(await scratchFolder(), "auth.json");
  await writeFile(file, JSON.stringify(content));
  return file;
}

describe("credentials are stored", () => {
  test("in the file format of podman, skopeo and docker", async () => {
    const authFile = path.join(await scratchFolder(), "new/folder/auth.json");
    expect(await setCredentials("a.example", ann, { authFile })).toBe(authFile);
    const text = `{\n\t"auths": {\n\t\t"a.example": {\n\t\t\t"auth": "${auth}"\n\t\t}\n\t}\n}`;
    expect(await readFile(authFile, "utf8")).toBe(text);
  });

  test.skipIf(process.platform === "win32")("readable only by the owner", async () => {
    const authFile = path.join(await scratchFolder(), "new/auth.json");
    await setCredentials("a.example", ann, { authFile });
    expect((await stat(authFile)).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(authFile))).mode & 0o777).toBe(0o700);
    await writeFile(authFile, "{}", { mode: 0o644 });
    await setCredentials("a.example", ann, { authFile });
    expect((await stat(authFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(authFile))).toEqual(["auth.json"]);
  });

  test("with the other content of the file", async () => {
    const authFile = await written({
      credHelpers: { "b.example": "h" },
      proxies: { default: { httpProxy: "http://p" } },
      auths: {
        "b.example": { auth: "Yjpi", email: "b" },
        "a.example": { email: "a", auth: "eDp4" },
      },
    });
    await setCredentials("a.example", ann, { authFile });
    expect(await contentOf(authFile)).toEqual({
      credHelpers: { "b.example": "h" },
      proxies: { default: { httpProxy: "http://p" } },
      auths: { "b.example": { auth: "Yjpi", email: "b" }, "a.example": { email: "a", auth } },
    });
  });

  test("instead of a previous token", async () => {
    const authFile = await written({
      auths: { "a.example": { auth: "eDp4", identitytoken: "i" } },
    });
    await setCredentials("a.example", ann, { authFile });
    expect(await contentOf(authFile)).toEqual({ auths: { "a.example": { auth } } });
  });

  test.each([ann, { identityToken: "idt" }, { registryToken: "rt" }])(
    "and found again: %j",
    async (credentials) => {
      const authFile = path.join(await scratchFolder(), "auth.json");
      for (const name of [
        "a.example",
        "docker.io",
        "docker.io/team",
        "b.example:5000/team",
        "b.example/team/app",
      ]) {
        await setCredentials(name, credentials, { authFile });
        expect(await findCredentials(name, { authFile })).toEqual(credentials);
      }
      expect(await findCredentials("b.example", { authFile })).toBeUndefined();
    },
  );

  test.skipIf(process.platform !== "linux")("in the file that podman uses", async () => {
    const folder = await scratchFolder();
    const system = systemIn(folder);
    const file = path.join(folder, `root/run/containers/${process.getuid?.()}/auth.json`);
    expect(await setCredentials("a.example", ann, { system })).toBe(file);
    const runtime = { environment: { XDG_RUNTIME_DIR: folder, HOME: folder } };
    expect(await setCredentials("a.example", ann, { system: runtime })).toBe(
      path.join(folder, "containers/auth.json"),
    );
    const missing = { environment: { XDG_RUNTIME_DIR: path.join(folder, "no"), HOME: folder } };
    await expect(setCredentials("a.example", ann, { system: missing })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("XDG_RUNTIME_DIR") as string,
    });
  });

  test.each([true, false])(
    "in the target of a link, which is kept (target exists: %s)",
    async (exists) => {
      const folder = await scratchFolder();
      await mkdir(path.join(folder, "real"));
      const real = path.join(folder, "real/config.json");
      if (exists) await writeFile(real, '{"auths":{"b.example":{"auth":"Yjpi"}}}');
      const authFile = path.join(folder, "auth.json");
      await symlink("real/config.json", authFile);
      await setCredentials("a.example", ann, { authFile });
      expect((await lstat(authFile)).isSymbolicLink()).toBe(true);
      const before = exists ? { "b.example": { auth: "Yjpi" } } : {};
      expect(await contentOf(real)).toEqual({ auths: { ...before, "a.example": { auth } } });
    },
  );

  test("completely by concurrent calls", async () => {
    const authFile = path.join(await scratchFolder(), "auth.json");
    const names = Array.from({ length: 20 }, (_, index) => `r${index}.example`);
    await Promise.all(names.map(async (name) => setCredentials(name, ann, { authFile })));
    const { auths } = (await contentOf(authFile)) as { auths: object };
    expect(Object.keys(auths).toSorted()).toEqual(names.toSorted());
  });

  test("not in an invalid file, which stays unchanged", async () => {
    const authFile = path.join(await scratchFolder(), "auth.json");
    await writeFile(authFile, "{ nearly");
    await expect(setCredentials("a.example", ann, { authFile })).rejects.toMatchObject({
      code: "unsupported",
    });
    expect(await readFile(authFile, "utf8")).toBe("{ nearly");
  });

  test.skipIf(process.platform === "win32")("not in a device", async () => {
    const authFile = path.join(await scratchFolder(), "auth.json");
    execFileSync("mkfifo", [authFile]);
    const writer = spawn("sh", ["-c", `: > "$0"`, authFile]);
    await expect(setCredentials("a.example", ann, { authFile })).rejects.toMatchObject({
      code: "unsupported",
    });
    writer.kill();
    expect((await stat(authFile)).isFIFO()).toBe(true);
  });

  test("not if the format cannot represent them", async () => {
    const authFile = path.join(await scratchFolder(), "auth.json");
    const odd = { username: "a:b", password: "c" };
    await expect(setCredentials("a.example", odd, { authFile })).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

test.each(["", "/", "/auth.json"])(
  "a file is not a folder: auth.json/auth.json%s",
  async (rest) => {
    const file = await written({});
    const kept = setCredentials("a.example", ann, { authFile: `${file}/auth.json${rest}` });
    await expect(kept).rejects.toMatchObject({ code: "unsupported" });
    expect(await contentOf(file)).toEqual({});
  },
);

describe("a file shared with docker", () => {
  test("uses the name of docker for Docker Hub", async () => {
    const compatAuthFile = path.join(await scratchFolder(), "config.json");
    await setCredentials("docker.io", ann, { compatAuthFile });
    await setCredentials("a.example", ann, { compatAuthFile });
    expect(await contentOf(compatAuthFile)).toEqual({
      auths: { "https://index.docker.io/v1/": { auth }, "a.example": { auth } },
    });
    expect(await removeCredentials("docker.io", { compatAuthFile })).toBe(true);
    expect(await contentOf(compatAuthFile)).toEqual({ auths: { "a.example": { auth } } });
  });

  test("supports neither namespaces nor a second file", async () => {
    const compatAuthFile = path.join(await scratchFolder(), "config.json");
    for (const [name, options] of [
      ["a.example/team", { compatAuthFile }],
      ["a.example", { compatAuthFile, authFile: compatAuthFile }],
    ] as const) {
      const keeping = setCredentials(name, ann, options);
      await expect(keeping).rejects.toMatchObject({ code: "unsupported" });
    }
  });
});

describe("credentials are removed", () => {
  test("and no other content", async () => {
    const authFile = await written({
      x: 1,
      auths: { "a.example": { auth }, "a.example/team": { auth }, "a.example:1": { auth } },
    });
    expect(await removeCredentials("a.example", { authFile })).toBe(true);
    expect(await contentOf(authFile)).toEqual({
      x: 1,
      auths: { "a.example/team": { auth }, "a.example:1": { auth } },
    });
    expect(await removeCredentials("a.example", { authFile })).toBe(false);
    expect(await removeCredentials("a.example/team/app", { authFile })).toBe(false);
    expect(await removeCredentials("a.example/team", { authFile })).toBe(true);
  });

  test("in any spelling of the registry", async () => {
    const authFile = await written({ auths: { "https://a.example/v1/": { auth } } });
    expect(await removeCredentials("a.example", { authFile })).toBe(true);
    expect(await findCredentials("a.example", { authFile })).toBeUndefined();
  });

  test("all at once", async () => {
    const authFile = await written({ x: 1, auths: { "a.example": { auth }, b: { auth } } });
    await removeAllCredentials({ authFile });
    expect(await contentOf(authFile)).toEqual({ x: 1, auths: {} });
  });

  test("without creating a missing file", async () => {
    const folder = await scratchFolder();
    const authFile = path.join(folder, "no/auth.json");
    expect(await removeCredentials("a.example", { authFile })).toBe(false);
    await removeAllCredentials({ authFile });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a helper stores credentials", () => {
  test.each([
    ["of a registry", { credHelpers: { "a.example": "h" } }, "a.example", {}],
    ["of a namespace", { credHelpers: { "a.example/team": "h" } }, "a.example/team", {}],
    ["of all registries", { credsStore: "h" }, "a.example", { auths: { "a.example": {} } }],
    [
      "of all namespaces",
      { credsStore: "h" },
      "a.example/team",
      { auths: { "a.example/team": {} } },
    ],
  ])("%s, finds and removes them", async (_, content, name, added) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", keepingScript);
    const authFile = path.join(folder, "auth.json");
    await writeFile(authFile, JSON.stringify(content));
    expect(await setCredentials(name, ann, { authFile, system })).toBe("docker-credential-h");
    expect(await contentOf(authFile)).toEqual({ ...content, ...added });
    expect(await findCredentials(name, { authFile, system })).toEqual(ann);
    expect(await removeCredentials(name, { authFile, system })).toBe(true);
    expect(await findCredentials(name, { authFile, system })).toBeUndefined();
    expect(await removeCredentials(name, { authFile, system })).toBe(false);
    await setCredentials(name, { identityToken: "idt" }, { authFile, system });
    expect(await findCredentials(name, { authFile, system })).toEqual({ identityToken: "idt" });
    await removeAllCredentials({ authFile, system });
    expect(await findCredentials(name, { authFile, system })).toBeUndefined();
  });

  test("under the name of docker for Docker Hub", async () => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", keepingScript);
    const compatAuthFile = path.join(folder, "config.json");
    await writeFile(compatAuthFile, '{"credsStore":"h"}');
    await setCredentials("docker.io", ann, { compatAuthFile, system });
    expect(await readdir(folder)).toContain("kept-https___index.docker.io_v1_");
    const options = { authFile: compatAuthFile, system };
    expect(await findCredentials("docker.io/library/alpine", options)).toEqual(ann);
  });

  test("of a whole registry and not of a namespace", async () => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", keepingScript);
    const authFile = path.join(folder, "auth.json");
    await writeFile(authFile, '{"credHelpers":{"a.example":"h"}}');
    const keeping = setCredentials("a.example/team", ann, { authFile, system });
    await expect(keeping).rejects.toMatchObject({ code: "unsupported" });
    expect(await readdir(folder)).not.toContain("kept-a.example");
  });

  test("in the first working helper of registries.conf", async () => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", keepingScript);
    const authFile = path.join(folder, "auth.json");
    const credentialHelpers = ["missing", "h", "containers-auth.json"];
    const options = { authFile, system, credentialHelpers };
    expect(await setCredentials("a.example", ann, options)).toBe("docker-credential-h");
    await expect(setCredentials("a.example/team", ann, options)).resolves.toBe(authFile);
    expect(await findCredentials("a.example", { system, credentialHelpers: ["h"] })).toEqual(ann);
  });

  test("and an error does not reveal them", async () => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", "cat; cat >&2; exit 1");
    const authFile = path.join(folder, "auth.json");
    await writeFile(authFile, '{"credsStore":"h"}');
    const error: unknown = await setCredentials("a.example", ann, { authFile, system }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "unavailable" });
    expect(String(error)).not.toContain(ann.password);
  });
});
