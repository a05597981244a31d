import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import type { DockerDaemonSettings } from "../src/index.ts";
import { answersNotFound, pretendEngine } from "./pretended-engine.ts";
import type { PretendedEngine } from "./pretended-engine.ts";

/** A machine on which nothing is set up. */
interface Machine {
  readonly root: string;
  readonly engineAt: (socket: string) => Promise<PretendedEngine>;
  readonly ask: (
    environment?: Readonly<Record<string, string>>,
    settings?: DockerDaemonSettings,
  ) => Promise<unknown>;
  readonly writeContext: (name: string, docker: object) => Promise<void>;
  readonly writeConfig: (content: string) => Promise<void>;
}

async function newMachine(): Promise<Machine> {
  const root = await scratchFolder();
  const home = path.join(root, "home");
  const write = async (file: string, content: string): Promise<void> => {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  return {
    root,
    async engineAt(socket) {
      const place = path.join(root, socket);
      await mkdir(path.dirname(place), { recursive: true });
      return pretendEngine(place, answersNotFound);
    },
    async ask(environment = {}, settings = {}) {
      const system = {
        rootForImplicitAbsolutePaths: root,
        environment: { HOME: home, ...environment },
      };
      const reference = dockerDaemon({ system, ...settings }).parseReference("a:b");
      return reference.deleteImage().catch((error: unknown) => error);
    },
    async writeContext(name, docker) {
      const id = createHash("sha256").update(name).digest("hex");
      const meta = { Name: name, Metadata: {}, Endpoints: { docker } };
      await write(path.join(home, ".docker/contexts/meta", id, "meta.json"), JSON.stringify(meta));
    },
    writeConfig: async (content) => write(path.join(home, ".docker/config.json"), content),
  };
}

const notThere = { code: "not-found" };

test("the engine of the settings is asked, whatever else is set up", async () => {
  const { root, engineAt, ask, writeConfig } = await newMachine();
  const [wanted, other] = [await engineAt("wanted"), await engineAt("other")];
  await writeConfig(JSON.stringify({ currentContext: "missing" }));
  const environment = { DOCKER_HOST: `unix://${root}/other`, DOCKER_CONTEXT: "missing" };
  expect(await ask(environment, { host: `unix://${root}/wanted` })).toMatchObject(notThere);
  expect(wanted.asked[0]).toBe("GET /_ping");
  expect(other.asked).toEqual([]);
});

test("DOCKER_HOST comes before contexts", async () => {
  const { root, engineAt, ask } = await newMachine();
  const engine = await engineAt("engine");
  const environment = { DOCKER_HOST: `unix://${root}/engine`, DOCKER_CONTEXT: "missing" };
  expect(await ask(environment)).toMatchObject(notThere);
  expect(engine.asked).not.toEqual([]);
});

test("DOCKER_CONTEXT comes before the current context, and that before the usual sockets", async () => {
  const { root, engineAt, ask, writeContext, writeConfig } = await newMachine();
  const engines = [
    await engineAt("one"),
    await engineAt("two"),
    await engineAt("var/run/docker.sock"),
  ];
  await writeContext("one", { Host: `unix://${root}/one` });
  await writeContext("two", { Host: `unix://${root}/two`, SkipTLSVerify: false });
  await writeConfig(JSON.stringify({ auths: {}, currentContext: "two" }));
  expect(await ask({ DOCKER_CONTEXT: "one" })).toMatchObject(notThere);
  expect(engines.map(({ asked }) => asked.length > 0)).toEqual([true, false, false]);
  expect(await ask()).toMatchObject(notThere);
  expect(engines.map(({ asked }) => asked.length > 0)).toEqual([true, true, false]);
});

test("the context called default is none", async () => {
  const { engineAt, ask, writeConfig } = await newMachine();
  const engine = await engineAt("var/run/docker.sock");
  await writeConfig(JSON.stringify({ currentContext: "missing" }));
  expect(await ask({ DOCKER_CONTEXT: "default" })).toMatchObject(notThere);
  expect(engine.asked).not.toEqual([]);
});

test("DOCKER_CONFIG says where docker keeps its contexts", async () => {
  const { root, engineAt, ask, writeContext, writeConfig } = await newMachine();
  const engine = await engineAt("engine");
  await writeContext("mine", { Host: `unix://${root}/engine` });
  await writeConfig(JSON.stringify({ currentContext: "mine" }));
  const environment = { HOME: "/nowhere", DOCKER_CONFIG: path.join(root, "home/.docker") };
  expect(await ask(environment)).toMatchObject(notThere);
  expect(engine.asked).not.toEqual([]);
});

test("without a word the first socket is asked that is there, Docker's before Podman's", async () => {
  const { root, engineAt, ask } = await newMachine();
  const environment = { XDG_RUNTIME_DIR: path.join(root, "runtime") };
  for (const socket of [
    "run/podman/podman.sock",
    "runtime/podman/podman.sock",
    "home/.docker/desktop/docker.sock",
    "home/.docker/run/docker.sock",
    "runtime/docker.sock",
    "var/run/docker.sock",
  ]) {
    const engine = await engineAt(socket);
    expect(await ask(environment)).toMatchObject(notThere);
    expect(engine.asked).not.toEqual([]);
  }
});

test("where there is no socket at all, the error tells what to do", async () => {
  const { ask } = await newMachine();
  expect(await ask()).toMatchObject({
    code: "unavailable",
    retryable: false,
    message: expect.stringMatching(/docker\.sock.*start Docker.*DOCKER_HOST/) as string,
  });
});

test("a context that is not there, or names no engine, is an error that names it", async () => {
  const { ask, writeContext } = await newMachine();
  const missing = { code: "not-found", message: expect.stringContaining("absent") as string };
  expect(await ask({ DOCKER_CONTEXT: "absent" })).toMatchObject(missing);
  await writeContext("empty", {});
  const empty = { code: "unsupported", message: expect.stringContaining("empty") as string };
  expect(await ask({ DOCKER_CONTEXT: "empty" })).toMatchObject(empty);
});

test("of a damaged config.json nothing is shown, which may have passwords in it", async () => {
  const { ask, writeConfig } = await newMachine();
  await writeConfig('{ "auths": { "a": { "auth": "c2VjcmV0" } }');
  const error = (await ask()) as Error;
  expect(error).toMatchObject({ code: "unsupported" });
  expect(`${error.message} ${String(error.cause)}`).not.toContain("c2VjcmV0");
});

test.each([
  ["npipe:////./pipe/docker_engine", "unsupported"],
  ["ssh://me@example.com", "unsupported"],
  ["unix://", "invalid-reference"],
  ["/var/run/docker.sock", "invalid-reference"],
  ["ftp://localhost", "invalid-reference"],
  ["tcp://", "invalid-reference"],
  ["tcp://localhost:2375/path", "invalid-reference"],
  ["tcp://me:secret@localhost:2375", "invalid-reference"],
])("an engine is not reached by %s", async (host, code) => {
  const { ask } = await newMachine();
  const error = (await ask({ DOCKER_HOST: host })) as Error;
  expect(error).toMatchObject({ code });
  expect(error.message).not.toContain("secret");
});

test("an engine is asked in the version of its API that it prefers", async () => {
  const { engineAt, ask } = await newMachine();
  const engine = await engineAt("var/run/docker.sock");
  await ask();
  expect(engine.asked).toEqual([
    "GET /_ping",
    "DELETE /v1.41/images/docker.io/library/a:b",
    "GET /v1.41/images/json",
  ]);
});
