import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Notice } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { findCredentials } from "../../src/index.ts";
import type { DockerAuthConfig } from "../../src/index.ts";
import { systemIn, systemWithHelper } from "./helper-program.ts";

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/pkg/docker/config/testdata",
);

function encoded(user: string): string {
  return Buffer.from(user).toString("base64");
}

/** A credentials file with this content. */
async function fileOf(content: unknown, name = "auth.json"): Promise<string> {
  const file = path.join(await scratchFolder(), name);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

async function found(name: string, authFile: string): Promise<DockerAuthConfig | undefined> {
  return findCredentials(name, { authFile, system: systemIn(path.dirname(authFile)) });
}

describe.skipIf(!existsSync(fixtures))("fixtures of containers/image", () => {
  test.each([
    ["empty.json", "example.org", undefined],
    ["example.json", "example.org", "example:org"],
    ["example.json", "example.org/team/app", "example:org"],
    ["example.json", "example.org:443", undefined],
    ["full.json", "example.org", "example:org"],
    ["full.json", "index.docker.io", "index:docker.io"],
    ["full.json", "docker.io", "docker:io"],
    ["full.json", "docker.io/library/busybox", "docker:io"],
    ["full.json", "registry-1.docker.io", "index:docker.io"],
    ["full.json", "localhost", "local:host"],
    ["full.json", "localhost:5000", "local:host-5000"],
    ["full.json", "localhost:5001", undefined],
    ["full.json", "10.10.30.45", "10.10:30.45"],
    ["full.json", "10.10.30.45:5000", "10.10:30.45-5000"],
    ["full.json", "normalize.example.org", "normalize:example"],
    ["full.json", "normalize.example.org/team", "normalize:example"],
    ["refpath.json", "example.org/repo", "example:org"],
    ["refpath.json", "example.org/repo/image", "example:org"],
    ["refpath.json", "example.org/repository", "local:host"],
    ["refpath.json", "example.org", "local:host"],
    ["refpath.json", "docker.io/vendor/product", "first:level"],
    ["refpath.json", "docker.io/someone/else", "top:level"],
    ["refpath.json", "docker.io/library/busybox", "library:busybox"],
    ["refpath.json", "docker.io/library/fedora", "library:other"],
  ])("%s holds for %s the user %s", async (file, name, user) => {
    const [username, password] = user?.split(":") ?? [];
    const credentials = user === undefined ? undefined : { username, password };
    expect(await found(name, path.join(fixtures, file))).toEqual(credentials);
  });

  test("an identity token takes precedence over a user name", async () => {
    const file = path.join(fixtures, "example_identitytoken.json");
    expect(await found("example.org", file)).toEqual({
      identityToken: "some very long identity token",
    });
  });

  test.each([
    ["registry-a.com", { username: "foo", password: "bar" }],
    ["registry-a.com/team/app", { username: "foo", password: "bar" }],
    ["registry-b.com", { identityToken: "fizzbuzz" }],
    ["registry-c.com", undefined],
    ["registry-no-creds.com", undefined],
  ])("the helper returns for %s %j", async (name, credentials) => {
    const folder = await scratchFolder();
    const script = await readFile(path.join(fixtures, "docker-credential-helper-registry"), "utf8");
    const system = await systemWithHelper(folder, "helper-registry", script);
    const credentialHelpers = ["containers-auth.json", "helper-registry"];
    const options = { authFile: path.join(fixtures, "empty.json"), system };
    expect(await findCredentials(name, { ...options, credentialHelpers })).toEqual(credentials);
    expect(await findCredentials(name, options)).toBeUndefined();
  });
});

describe("CVE-2026-59891: a host does not match a host whose name contains it", () => {
  test.each([
    "example.com.evil.org",
    "notexample.com",
    "example.co",
    "sub.example.com",
    "example.com:444",
    "example.com:443",
    "example.com.evil.org/example.com",
    "evil.org/example.com",
  ])("%s", async (name) => {
    const entry = { auth: encoded("ann:secret") };
    const auths = {
      "example.com": entry,
      "https://example.com/v1/": entry,
      "example.com/team": entry,
    };
    const file = await fileOf({ auths, credHelpers: { "example.com:1": "missing" } });
    expect(await found(name, file)).toBeUndefined();
    expect(await found("example.com", file)).toEqual({ username: "ann", password: "secret" });
  });
});

describe("an entry", () => {
  test.each([
    [{}, undefined],
    [{ auth: "" }, undefined],
    [{ auth: encoded(":") }, undefined],
    [{ auth: encoded("no colon") }, undefined],
    [{ auth: encoded("ann:a:b") }, { username: "ann", password: "a:b" }],
    [{ auth: encoded("ann:secret\0\0") }, { username: "ann", password: "secret" }],
    [{ auth: `${encoded("ann:secret")}\n` }, { username: "ann", password: "secret" }],
    [
      { username: "ann", password: "secret" },
      { username: "ann", password: "secret" },
    ],
    [{ identitytoken: "idt" }, { identityToken: "idt" }],
    [{ auth: encoded("ann:x"), registrytoken: "rt" }, { registryToken: "rt" }],
    [
      { auth: encoded("ann:secret"), email: "a@b", else: 1 },
      { username: "ann", password: "secret" },
    ],
  ])("%j", async (entry, credentials) => {
    expect(await found("a.example", await fileOf({ auths: { "a.example": entry } }))).toEqual(
      credentials,
    );
  });

  test.each([
    "https://index.docker.io/v1/",
    "index.docker.io",
    "docker.io",
    "registry-1.docker.io",
    "http://docker.io",
  ])("for %s is for Docker Hub", async (key) => {
    const file = await fileOf({ auths: { [key]: { auth: encoded("ann:secret") } } });
    expect(await found("docker.io/library/alpine", file)).toMatchObject({ username: "ann" });
  });
});

describe("a key", () => {
  test.each([
    ["a.example/", "a.example/team/app"],
    ["a.example//", "a.example/team/app"],
    ["a.example/v1", "a.example/team/app"],
    ["a.example/v1/", "a.example/team/app"],
    ["a.example/v2/", "a.example"],
    ["https://a.example/v1/", "a.example/team/app"],
    ["https://a.example", "a.example/team/app"],
    ["HTTPS://a.example/v2/", "a.example/team/app"],
    ["a.example/team/", "a.example/team/app"],
    ["a.example:5000/", "a.example:5000/app"],
    ["[::1]:5000", "[::1]:5000/app"],
    ["https://[::1]:5000/v2/", "[::1]:5000/app"],
  ])("%s is for %s", async (key, name) => {
    const file = await fileOf({ auths: { [key]: { auth: encoded("ann:secret") } } });
    expect(await found(name, file)).toMatchObject({ username: "ann" });
  });

  test.each([
    ["a.example/team/", "a.example/teams"],
    ["a.example/team/", "a.example"],
    ["a.example/v3/", "a.example/team"],
    ["a.example/v2/", "b.a.example/team"],
    ["https://a.example:443/v1/", "a.example/team"],
    ["[::1]", "[::1]:5000/app"],
    ["[::1]:5000", "[::2]:5000/app"],
  ])("%s is not for %s", async (key, name) => {
    const file = await fileOf({ auths: { [key]: { auth: encoded("ann:secret") } } });
    expect(await found(name, file)).toBeUndefined();
  });

  test("that is more specific takes precedence in any spelling", async () => {
    const auths = {
      "a.example": { auth: encoded("wide:x") },
      "a.example/team/": { auth: encoded("narrow:x") },
      "a.example/v2": { auth: encoded("named v2:x") },
    };
    const file = await fileOf({ auths });
    expect(await found("a.example/team/app", file)).toMatchObject({ username: "narrow" });
    expect(await found("a.example/v2/app", file)).toMatchObject({ username: "named v2" });
    expect(await found("a.example/other", file)).toMatchObject({ username: "wide" });
  });

  test.each(["abc", 1, [], null])("of another registry may have the value %j", async (entry) => {
    const auths = { "b.example": entry, "a.example": { auth: encoded("ann:secret") } };
    expect(await found("a.example", await fileOf({ auths }))).toMatchObject({ username: "ann" });
  });
});

describe.skipIf(process.platform === "win32")(
  "a file in a default location that cannot be read",
  () => {
    async function foundBeside(
      content: Readonly<Record<string, unknown>> | undefined,
    ): Promise<{ readonly credentials: DockerAuthConfig | undefined; readonly notices: string[] }> {
      const folder = await scratchFolder();
      const unreadable = path.join(folder, "home/.config/containers/auth.json");
      await mkdir(unreadable, { recursive: true });
      if (content !== undefined) {
        await mkdir(path.join(folder, "home/.docker"), { recursive: true });
        const file = path.join(folder, "home/.docker/config.json");
        await writeFile(file, JSON.stringify(content));
      }
      const notices: string[] = [];
      const onNotice = (notice: Notice): void => {
        if (notice.kind === "configuration") notices.push(notice.text);
      };
      const system = systemIn(folder);
      const credentials = await findCredentials("a.example/team", { system, onNotice });
      expect(notices).toEqual([expect.stringContaining(unreadable)]);
      return { credentials, notices };
    }

    test("is skipped with a notice", async () => {
      expect((await foundBeside(undefined)).credentials).toBeUndefined();
    });

    test("does not hide the files that follow it", async () => {
      const { credentials } = await foundBeside({
        auths: { "a.example": { auth: encoded("ann:secret") } },
      });
      expect(credentials).toEqual({ username: "ann", password: "secret" });
    });
  },
);

describe("an invalid file", () => {
  const secret = Buffer.from("ann:correct horse").toString("base64");

  test.each([
    ["text", `${secret} and so on`, /is not JSON/],
    ["a trailing comma", `{\n  "auths": { "x": "${secret}", }\n}`, /is not JSON \(line 2/],
    ["a list", JSON.stringify([secret]), /is not a JSON object/],
    ["auths that are a string", JSON.stringify({ auths: secret }), /auths is not an object/],
    ["an entry that is a string", JSON.stringify({ auths: { "a.example": secret } }), /a\.example/],
    [
      "invalid base64",
      JSON.stringify({ auths: { "a.example": { auth: `!${secret}` } } }),
      /base64/,
    ],
    ["a number", JSON.stringify({ auths: { "a.example": { identitytoken: 12 } } }), /not a string/],
    ["a path as helper", JSON.stringify({ credsStore: `/${secret}` }), /name of a helper/],
    ["a helper in a list", JSON.stringify({ credHelpers: { b: [secret] } }), /name of a helper/],
  ])("with %s is reported without its content", async (_, text, problem) => {
    const file = await fileOf(text);
    const error: unknown = await found("a.example", file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unsupported" });
    expect(error).not.toHaveProperty("cause");
    expect(String(error)).toContain(file);
    expect(String(error)).toMatch(problem);
    expect(String(error)).not.toMatch(new RegExp(secret.slice(0, 8)));
  });

  test("is ignored if it is empty", async () => {
    expect(await found("a.example", await fileOf(" \n"))).toBeUndefined();
    expect(
      await found("a.example", await fileOf({ auths: null, credHelpers: null })),
    ).toBeUndefined();
  });

  test("that is unreadable is reported by name", async () => {
    const file = await fileOf({});
    await rm(file);
    await mkdir(file);
    await expect(found("a.example", file)).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe.skipIf(process.platform !== "linux")("credentials are read", () => {
  const uid = process.getuid?.() ?? 0;

  /** Each file has its own path as the user name. */
  async function locations(folder: string, files: readonly string[]): Promise<void> {
    for (const name of files) {
      const file = path.join(folder, name);
      const auths = { "a.example": { auth: encoded(`${name}:x`) } };
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(name.endsWith(".dockercfg") ? auths : { auths }));
    }
  }

  const all = [
    `root/run/containers/${uid}/auth.json`,
    "home/.config/containers/auth.json",
    "home/.docker/config.json",
    "home/.dockercfg",
  ];

  test.each(all.map((_, first) => all.slice(first)))("first from %s", async (...files) => {
    const folder = await scratchFolder();
    await locations(folder, files);
    const credentials = await findCredentials("a.example/team", { system: systemIn(folder) });
    expect(credentials).toMatchObject({ username: files[0] });
  });

  test("from the locations in variables", async () => {
    const folder = await scratchFolder();
    const files = ["run/containers/auth.json", "config/containers/auth.json", "docker/config.json"];
    const environment = {
      XDG_RUNTIME_DIR: path.join(folder, "run"),
      XDG_CONFIG_HOME: path.join(folder, "config"),
      DOCKER_CONFIG: path.join(folder, "docker"),
      HOME: path.join(folder, "home"),
    };
    await locations(folder, ["home/.config/containers/auth.json", "home/.docker/config.json"]);
    for (const name of files.toReversed()) {
      await locations(folder, [name]);
      const credentials = await findCredentials("a.example", { system: { environment } });
      expect(credentials).toMatchObject({ username: name });
    }
  });

  test("by registry from the legacy file", async () => {
    const folder = await scratchFolder();
    const file = path.join(folder, "home/.dockercfg");
    const auths = {
      "a.example/team": { auth: encoded("team:x") },
      "https://a.example/v1/": { auth: encoded("old:x") },
    };
    await mkdir(path.dirname(file));
    await writeFile(file, JSON.stringify(auths));
    const credentials = await findCredentials("a.example/team", { system: systemIn(folder) });
    expect(credentials).toMatchObject({ username: "team" });
  });

  test("only from the named file", async () => {
    const folder = await scratchFolder();
    await locations(folder, all);
    const options = { authFile: path.join(folder, "other.json"), system: systemIn(folder) };
    expect(await findCredentials("a.example", options)).toBeUndefined();
  });

  test("from the next file after an empty entry", async () => {
    const folder = await scratchFolder();
    await locations(folder, all.slice(1));
    const first = path.join(folder, all[0] ?? "");
    await mkdir(path.dirname(first), { recursive: true });
    await writeFile(first, JSON.stringify({ auths: { "a.example": {} } }));
    const credentials = await findCredentials("a.example", { system: systemIn(folder) });
    expect(credentials).toMatchObject({ username: all[1] });
  });

  test("not after an invalid file", async () => {
    const folder = await scratchFolder();
    await locations(folder, all);
    const first = path.join(folder, all[0] ?? "");
    await writeFile(first, "{");
    const search = findCredentials("a.example", { system: systemIn(folder) });
    await expect(search).rejects.toMatchObject({
      message: expect.stringContaining(first) as string,
    });
    expect(await readFile(first, "utf8")).toBe("{");
  });
});

test.each(["https://a.example", "a.example/team:1", "a.example/TEAM", "", "a b", "team/app"])(
  "%j is not a valid name for credentials",
  async (name) => {
    await expect(findCredentials(name)).rejects.toMatchObject({ code: "invalid-reference" });
  },
);
