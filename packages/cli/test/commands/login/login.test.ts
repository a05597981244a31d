import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { findProgram, outputOf } from "@drayage/test-support";
import { randomImage } from "@drayage/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import {
  command,
  drayage,
  drayageWith,
  ended,
  startDrayage,
  temporaryFolder,
} from "../../drayage.ts";
import type { Run } from "../../drayage.ts";

const skopeo = findProgram("skopeo");
const script = findProgram("script");
const password = "correct horse";
const htpasswd = "ann:$2b$04$.S3lSFWQEpv9AkK5.bfjJ.AiKQrQ2bNRJrhjmanMjrGeOaIecyI/C\n";
const users = { ann: { password, identityToken: "idt" } };
let registry: Registry;

beforeAll(async () => {
  registry = await startRegistry({ authentication: { kind: "bearer", users } });
  await registry.putImage("team/app", await randomImage("login"), "1");
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

afterEach(() => void vi.unstubAllEnvs());

/** Sends it to standard input, which is not a terminal. */
async function drayageWithInput(input: string, ...args: readonly string[]): Promise<Run> {
  return drayageWith({ input }, ...args);
}

/** The same in another process. */
async function startedWithInput(input: string, ...args: readonly string[]): Promise<Run> {
  const child = startDrayage(args);
  child.stdin.end(input);
  return ended(child);
}

async function authsIn(file: string): Promise<readonly string[]> {
  const { auths } = JSON.parse(await readFile(file, "utf8")) as { auths: object };
  return Object.keys(auths).toSorted();
}

describe("login", () => {
  test("stores accepted credentials and reports where", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "new/auth.json");
    const flags = ["--username", "ann", "--password-stdin", "--authfile", file];
    const { host } = registry;
    const first = await drayageWithInput(`${password}\n`, "login", ...flags, "-v", host);
    expect(first).toMatchObject({
      code: 0,
      stdout: `Used: ${file}\nLogin Succeeded!\n`,
      stderr: "",
    });
    const listed = await drayage("list-tags", "--authfile", file, `docker://${host}/team/app`);
    expect(listed.code).toBe(0);
    const again = await drayage("login", "--authfile", file, host);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("Already") as string });
    const requested = await drayage("login", "--get-login", "--authfile", file, `${host}/team`);
    expect(requested).toMatchObject({ code: 0, stdout: "ann\n", stderr: "" });
  });

  test("stores nothing if the registry rejects the credentials, and reports an error of one line", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const flags = ["--username", "ann", "--password-stdin", "--authfile", file];
    const run = await drayageWithInput("wrong", "login", ...flags, registry.host);
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toBe(
      `drayage: ${registry.host} does not accept this user name and password\n`,
    );
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  test("keeps spaces around a password", async () => {
    const spaced = "  correct horse  ";
    const sam = { sam: { password: spaced } };
    await using strict = await startRegistry({ authentication: { kind: "basic", users: sam } });
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const flags = ["--username", "sam", "--password-stdin", "--authfile", file];
    const run = await drayageWithInput(`${spaced}\n`, "login", ...flags, strict.host);
    expect(run).toMatchObject({ code: 0, stdout: "Login Succeeded!\n" });
    const trimmed = await drayageWithInput(spaced.trim(), "login", ...flags, strict.host);
    expect(trimmed).toMatchObject({ code: 1 });
  });

  test("warns about a password on the command line", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const flags = ["-u", "ann", "-p", password, "--compat-auth-file", file];
    const run = await drayage("login", ...flags, registry.host);
    expect(run).toMatchObject({ code: 0, stdout: "Login Succeeded!\n" });
    expect(run.stderr).toMatch(/^drayage: other users can see .*--password-stdin.*\n$/);
    expect(run.stderr).not.toContain(password);
  });

  test.each([
    ["nothing", [], /without a terminal; pass --username and --password-stdin/],
    [
      "a user without a password",
      ["--username", "ann"],
      /without a terminal; pass --password-stdin/,
    ],
    ["two sources of a password", ["-u", "ann", "-p", "x", "--password-stdin"], /contradict/],
    ["a password without a user", ["--password-stdin"], /requires --username/],
    ["an empty password", ["-u", "ann", "--password-stdin"], /one of them is empty/],
    ["no current user", ["--get-login"], /Not logged in to/],
  ])("fails without a prompt for %s", async (_, flags, message) => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const run = await drayageWithInput("", "login", ...flags, "--authfile", file, registry.host);
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toMatch(message);
  });

  test.each([
    ["https://quay.io/", /remove https:\/\//],
    ["quay.io/team:1", /remove 1: quay\.io\/team/],
    ["quay.io/", /remove the trailing slash: quay\.io/],
    ["team/app", /did you mean docker\.io\/team\/app\?/],
  ])("login to %s explains the correct form", async (name, message) => {
    const run = await drayageWithInput("x", "login", "-u", "ann", "--password-stdin", name);
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toMatch(message);
  });

  test("uses the file that the variables of skopeo and docker name", async () => {
    await using folder = await temporaryFolder();
    const args = ["login", "-v", "-u", "ann", "--password-stdin", registry.host];
    vi.stubEnv("DOCKER_CONFIG", folder.path);
    const docker = await drayageWithInput(password, ...args);
    expect(docker.stdout).toContain(`Used: ${path.join(folder.path, "config.json")}\n`);
    const file = path.join(folder.path, "auth.json");
    vi.stubEnv("REGISTRY_AUTH_FILE", file);
    const ours = await drayageWithInput(password, ...args);
    expect(ours.stdout).toContain(`Used: ${file}\n`);
    const listed = await drayage("list-tags", `docker://${registry.host}/team/app`);
    expect(listed.code).toBe(0);
  });

  test("is optional for public images if the credentials file does not exist", async () => {
    await using open = await startRegistry();
    await open.putImage("app", await randomImage("login"), "1");
    vi.stubEnv("REGISTRY_AUTH_FILE", "/nonexistent/auth.json");
    expect(await drayage("list-tags", `docker://${open.host}/app`)).toMatchObject({ code: 0 });
    const denied = await drayage("list-tags", `docker://${registry.host}/team/app`);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toContain("no credentials were sent; ");
    expect(denied.stderr).toContain(`or run drayage login ${registry.host}\n`);
    const creds = ["--creds", `ann:${password}`];
    const known = await drayage("list-tags", ...creds, `docker://${registry.host}/team/app`);
    expect(known).toMatchObject({ code: 0 });
    const flags = ["--authfile", "/nonexistent/auth.json"];
    const named = await drayage("list-tags", ...flags, `docker://${registry.host}/team/app`);
    expect(named.stderr).toContain("The auth file /nonexistent/auth.json does not exist");
  });

  test.skipIf(process.platform === "win32")(
    "uses the credential helper of registries.conf",
    async () => {
      await using folder = await temporaryFolder();
      const helper = path.join(folder.path, "docker-credential-h");
      const kept = `"${path.join(folder.path, "kept")}"`;
      const none = "echo credentials not found in native keychain; exit 1";
      const get = `test -f ${kept} && cat ${kept} || { ${none}; }`;
      await writeFile(
        helper,
        `#!/bin/sh\ncase $1 in store) cat > ${kept};; erase) rm ${kept};; *) ${get};; esac\n`,
        { mode: 0o755 },
      );
      const conf = path.join(folder.path, "registries.conf");
      await writeFile(conf, 'credential-helpers = ["h"]\n');
      vi.stubEnv("CONTAINERS_REGISTRIES_CONF", conf);
      vi.stubEnv("PATH", `${folder.path}${path.delimiter}${process.env["PATH"]}`);
      const flags = ["--username", "ann", "--password-stdin", "--verbose"];
      const { host } = registry;
      const { stdout } = await drayageWithInput(password, "login", ...flags, host);
      expect(stdout).toBe("Used: docker-credential-h\nLogin Succeeded!\n");
      expect((await drayage("login", "--get-login", host)).stdout).toBe("ann\n");
      expect((await drayage("list-tags", `docker://${host}/team/app`)).code).toBe(0);
      vi.stubEnv("REGISTRY_AUTH_FILE", path.join(folder.path, "not there.json"));
      expect((await drayage("list-tags", `docker://${host}/team/app`)).code).toBe(0);
      vi.stubEnv("REGISTRY_AUTH_FILE", "");
      expect((await drayage("logout", host)).code).toBe(0);
      expect((await drayage("logout", host)).code).toBe(1);
    },
  );

  test("concurrent logins lose no credentials", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const flags = ["--username", "ann", "--password-stdin", "--authfile", file];
    const names = Array.from({ length: 6 }, (_, index) => `${registry.host}/team${index}`);
    const runs = names.map(async (name) => startedWithInput(password, "login", ...flags, name));
    for (const { code } of await Promise.all(runs)) expect(code).toBe(0);
    expect(await authsIn(file)).toEqual(names);
  });

  test.skipIf(script === undefined)(
    "prompts on a terminal without echoing the password",
    async () => {
      await using folder = await temporaryFolder();
      const file = path.join(folder.path, "auth.json");
      const args = [...command, "login", "--authfile", file, registry.host];
      const line = [process.execPath, ...args].map((arg) => `'${arg}'`).join(" ");
      const child = spawn(script ?? "", ["-qefc", line, "/dev/null"], { stdio: "pipe" });
      const answers = new Map([
        ["Username: ", "ann\r"],
        ["Password: ", `${password}\r`],
      ]);
      let shown = "";
      child.stdout.on("data", (chunk: Buffer) => {
        shown += String(chunk);
        for (const [question, answer] of answers) {
          if (!shown.includes(question)) continue;
          answers.delete(question);
          child.stdin.write(answer);
        }
      });
      const { code } = await ended(child);
      expect(shown).toContain("Login Succeeded!");
      expect(shown).not.toContain(password);
      expect(code).toBe(0);
      expect(await authsIn(file)).toEqual([registry.host]);
    },
  );
});

describe.skipIf(distributionProgram === undefined || skopeo === undefined)(
  "drayage and skopeo",
  () => {
    const tls = "--tls-verify=false";

    test("share credentials, and log out of both", async () => {
      await using distribution = await startDistribution({ htpasswd });
      await using folder = await temporaryFolder();
      const file = path.join(folder.path, "auth.json");
      const flags = ["--username", "ann", "--password-stdin", "--authfile", file];
      const { host } = distribution;
      const wrong = await drayageWithInput("x", "login", ...flags, host);
      expect(wrong).toMatchObject({ code: 1, stdout: "" });
      const ours = await drayageWithInput(password, "login", ...flags, host);
      expect(ours).toMatchObject({ code: 0, stdout: "Login Succeeded!\n" });
      const written = await readFile(file, "utf8");
      const known = await outputOf(skopeo ?? "", "login", "--get-login", "--authfile", file, host);
      expect(known).toBe("ann\n");
      const login = ["login", tls, "--authfile", file, host];
      expect(await outputOf(skopeo ?? "", ...login)).toContain("Already logged in");
      await outputOf(skopeo ?? "", "logout", "--authfile", file, host);
      expect(await authsIn(file)).toEqual([]);
      await outputOf(skopeo ?? "", ...login, "--username", "ann", "--password", password);
      expect(await readFile(file, "utf8")).toBe(written);
      const theirs = await drayage("login", "--authfile", file, host);
      expect(theirs.stdout).toContain("Already logged in");
      const image = `docker://${host}/app:1`;
      const layout = `oci:${folder.path}/layout:1`;
      const from = `docker://${registry.host}/team/app:1`;
      const quiet = ["-q", "--insecure-policy"];
      const creds = `ann:${password}`;
      await drayage("copy", ...quiet, "--src-creds", creds, from, layout);
      expect(await drayage("copy", ...quiet, layout, image)).toMatchObject({ code: 1 });
      const to = ["copy", ...quiet, "--dest-authfile", file, layout, image];
      expect(await drayage(...to)).toMatchObject({ code: 0 });
      const both = ["copy", ...quiet, "--authfile", file, image, `dir:${folder.path}/dir`];
      expect(await drayage(...both)).toMatchObject({ code: 0 });
      const source = ["copy", ...quiet, "--src-authfile", file, image, `dir:${folder.path}/other`];
      expect(await drayage(...source)).toMatchObject({ code: 0 });
      expect(await drayage("logout", "--authfile", file, host)).toMatchObject({ code: 0 });
      await expect(
        outputOf(skopeo ?? "", "login", "--get-login", "--authfile", file, host),
      ).rejects.toThrow("not logged into");
    });
  },
);

describe("logout", () => {
  const auth = Buffer.from("ann:x").toString("base64");

  test("removes the credentials of one registry, and fails the second time", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const auths = { "a.example": { auth }, "a.example/team": { auth } };
    await writeFile(file, JSON.stringify({ auths }));
    const first = await drayage("logout", "--authfile", file, "a.example");
    expect(first).toMatchObject({
      code: 0,
      stdout: "Removed login credentials for a.example\n",
      stderr: "",
    });
    expect(await authsIn(file)).toEqual(["a.example/team"]);
    const second = await drayage("logout", "--authfile", file, "a.example");
    expect(second).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "drayage: Not logged in to a.example\n",
    });
  });

  test("removes all credentials with --all", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "auth.json");
    const auths = { "a.example": { auth }, "b.example": { auth } };
    await writeFile(file, JSON.stringify({ auths }));
    const { code, stdout } = await drayage("logout", "--all", "--authfile", file);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Removed login credentials for all registries\n",
    });
    expect(await authsIn(file)).toEqual([]);
  });

  test.each([[[]], [["--all", "a.example"]]])(
    "rejects both or neither of a registry and --all: %j",
    async (args) => {
      const { code, stderr } = await drayage("logout", ...args);
      expect(code).toBe(1);
      expect(stderr).toContain("--all");
    },
  );
});
