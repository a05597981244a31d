import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { SystemContext } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { findCredentials } from "../../src/index.ts";
import type { DockerAuthConfig } from "../../src/index.ts";
import { systemIn, systemWithHelper } from "./helper-program.ts";

const secret = "correct horse";

function answer(username: string): string {
  return JSON.stringify({ ServerURL: "x", Username: username, Secret: secret });
}

/** Records its arguments and returns the same credentials for every server. */
const recordingScript = `cat >> "$0.log"; echo " $1" >> "$0.log"; echo '${answer("helped")}'`;

async function recordedIn(folder: string, helper: string): Promise<string> {
  return readFile(path.join(folder, `docker-credential-${helper}.log`), "utf8").catch(() => "");
}

async function found(
  name: string,
  content: unknown,
  system: SystemContext,
  folder: string,
): Promise<DockerAuthConfig | undefined> {
  const authFile = path.join(folder, "auth.json");
  await writeFile(authFile, JSON.stringify(content));
  return findCredentials(name, { authFile, system });
}

const auth = Buffer.from("kept:x").toString("base64");
const noted = { auth };

describe("a file configures a helper", () => {
  test.each([
    [
      "for a registry",
      { credHelpers: { "a.example": "h" } },
      "a.example/team/app",
      "a.example get",
    ],
    [
      "before an entry of the file",
      { credHelpers: { "a.example": "h" }, auths: { "a.example/team": noted } },
      "a.example/team",
      "a.example get",
    ],
    [
      "for a namespace",
      { credHelpers: { "a.example/team": "h" } },
      "a.example/team/app",
      "a.example/team get",
    ],
    [
      "for the most specific name",
      { credHelpers: { "a.example": "x", "a.example/team": "h" } },
      "a.example/team/app",
      "a.example/team get",
    ],
    [
      "for Docker Hub",
      { credHelpers: { "https://index.docker.io/v1/": "h" } },
      "docker.io/library/a",
      "https://index.docker.io/v1/ get",
    ],
    ["for all registries", { credsStore: "h" }, "a.example/team/app", "a.example get"],
    [
      "for all registries, including Docker Hub",
      { credsStore: "h" },
      "docker.io/library/a",
      "https://index.docker.io/v1/ get",
    ],
    [
      "for all registries, with the key of the entry",
      { credsStore: "h", auths: { "https://a.example": {} } },
      "a.example/team",
      "https://a.example get",
    ],
  ])("%s", async (_, content, name, expected) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", recordingScript);
    expect(await found(name, content, system, folder)).toEqual({
      username: "helped",
      password: secret,
    });
    expect(await recordedIn(folder, "h")).toBe(`${expected}\n`);
  });

  test.each([
    ["with an empty name", { credHelpers: { "a.example": "" } }],
    ["with an empty name before credsStore", { credHelpers: { "a.example": "" }, credsStore: "h" }],
  ])("and not %s: then the entry of the file applies", async (_, content) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", recordingScript);
    const own = { ...content, auths: { "a.example": noted } };
    const kept = { username: "kept", password: "x" };
    expect(await found("a.example/team", own, system, folder)).toEqual(kept);
    expect(await found("a.example/team", content, system, folder)).toBeUndefined();
    expect(await recordedIn(folder, "h")).toBe("");
  });

  test.each([
    ["for another registry", { credHelpers: { "a.example.org": "h", "b.a.example": "h" } }],
    ["for another namespace", { credHelpers: { "a.example/other": "h" } }],
    [
      "for all registries, if the file has an entry",
      { credsStore: "h", auths: { "a.example": noted } },
    ],
  ])("and not %s", async (_, content) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", recordingScript);
    const credentials = await found("a.example/team", content, system, folder);
    expect(credentials).toEqual(
      "auths" in content ? { username: "kept", password: "x" } : undefined,
    );
    expect(await recordedIn(folder, "h")).toBe("");
  });
});

describe("a helper", () => {
  const content = { credHelpers: { "a.example": "h" } };

  test("returns an identity token for the user <token>", async () => {
    const folder = await scratchFolder();
    const script = `cat >/dev/null; echo '${answer("<token>")}'`;
    const system = await systemWithHelper(folder, "h", script);
    expect(await found("a.example", content, system, folder)).toEqual({ identityToken: secret });
  });

  test.each([
    ["reports none", "echo credentials not found in native keychain; exit 1"],
    ["returns an empty object", "echo '{}'"],
    ["closes its input", "exec 0<&-; echo '{}'"],
  ])("that %s has none", async (_, script) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", script);
    expect(await found("a.example", content, system, folder)).toBeUndefined();
  });

  test.each([
    '{"username":"ann","secret":"correct horse"}',
    '{"serverurl":"x","USERNAME":"ann","SECRET":"correct horse"}',
    '{"ServerURL":"x","Username":"ann","Secret":"correct horse","username":"ann"}',
  ])("may return %s", async (words) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", `cat >/dev/null; echo '${words}'`);
    const credentials = { username: "ann", password: secret };
    expect(await found("a.example", content, system, folder)).toEqual(credentials);
  });

  test("with a running child process does not block", async () => {
    const folder = await scratchFolder();
    const script = `cat >/dev/null; echo '${answer("ann")}'; sleep 30 & exit 0`;
    const system = await systemWithHelper(folder, "h", script);
    const started = performance.now();
    expect(await found("a.example", content, system, folder)).toMatchObject({ username: "ann" });
    expect(performance.now() - started).toBeLessThan(25_000);
  });

  test("that is missing is reported with the file that configures it", async () => {
    const folder = await scratchFolder();
    await expect(found("a.example", content, systemIn(folder), folder)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/auth\.json configures docker-credential-h,/) as string,
    });
  });

  test.each([
    ["fails", "exit 3"],
    ["returns other types", "true; exit 0", '{"Username":["ann"],"Secret":1}'],
    ["never stops writing", "exec cat /dev/zero"],
    ["returns invalid JSON", "exit 0", "correct horse"],
    ["returns a list", "exit 0", '["ann","correct horse"]'],
    ["returns two users", "exit 0", '{"Username":"ann","username":"bob","Secret":"correct horse"}'],
    ["returns nothing", "exit 0", ""],
  ])("that %s is reported by name without its output", async (_, script, words = answer("ann")) => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(
      folder,
      "h",
      `echo '${words}'; echo '${words}' >&2; ${script}`,
    );
    const error: unknown = await found("a.example", content, system, folder).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "unavailable", retryable: false });
    expect(String(error)).toContain("docker-credential-h get");
    expect(String(error)).not.toContain(secret);
  });

  test("is killed on abort, and the reason is thrown", async () => {
    const folder = await scratchFolder();
    const script = `echo $$ > "$0.pid"; exec sleep 600`;
    const system = await systemWithHelper(folder, "h", script);
    const authFile = path.join(folder, "auth.json");
    await writeFile(authFile, JSON.stringify(content));
    const controller = new AbortController();
    const reason = new Error("enough");
    const search = findCredentials("a.example", { authFile, system, signal: controller.signal });
    search.catch(() => {});
    const file = path.join(folder, "docker-credential-h.pid");
    const pid = async (): Promise<number> => Number(await readFile(file, "utf8").catch(() => ""));
    await expect.poll(pid, { interval: 5 }).toBeGreaterThan(0);
    const helper = await pid();
    controller.abort(reason);
    await expect(search).rejects.toBe(reason);
    await expect.poll(() => isRunning(helper), { interval: 5 }).toBe(false);
  });

  test("is not run by a shell", async () => {
    const folder = await scratchFolder();
    const system = await systemWithHelper(folder, "h", recordingScript);
    const odd = { credHelpers: { "a.example": "h get; touch gone #" } };
    await expect(found("a.example", odd, system, folder)).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("helpers of registries.conf", () => {
  const forAll = { auths: { "a.example": noted } };

  async function foundBy(
    credentialHelpers: readonly string[],
    scripts: Readonly<Record<string, string>>,
  ): Promise<DockerAuthConfig | undefined> {
    const folder = await scratchFolder();
    for (const [name, script] of Object.entries(scripts)) {
      await systemWithHelper(folder, name, script);
    }
    const authFile = path.join(folder, "auth.json");
    await writeFile(authFile, JSON.stringify(forAll));
    const system = systemIn(folder);
    return findCredentials("a.example/team", { authFile, system, credentialHelpers });
  }

  test.each([
    ["are read in order", ["none", "h", "containers-auth.json"], "helped"],
    ["include the files", ["none", "containers-auth.json", "h"], "kept"],
    ["continue after a failure", ["failing", "missing", "h"], "helped"],
    ["exclude the files if not listed", ["none"], undefined],
  ])("%s", async (_, helpers, username) => {
    const scripts = { none: "echo '{}'", h: recordingScript, failing: "exit 1" };
    const credentials = await foundBy(helpers, scripts);
    expect(credentials && "username" in credentials ? credentials.username : undefined).toBe(
      username,
    );
  });

  test("report the failure if no helper has credentials", async () => {
    const search = foundBy(["none", "failing"], { none: "echo '{}'", failing: "exit 1" });
    await expect(search).rejects.toMatchObject({ code: "unavailable" });
  });
});
