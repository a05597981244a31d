import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import type { DockerDaemonSettings } from "../src/index.ts";
import { respondNotFound, useFakeEngine } from "./fake-engine.ts";
import type { FakeEngine } from "./fake-engine.ts";

/** A machine without configuration. */
interface Machine {
  readonly root: string;
  readonly engineAt: (socket: string) => Promise<FakeEngine>;
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
      const file = path.join(root, socket);
      await mkdir(path.dirname(file), { recursive: true });
      return useFakeEngine(file, respondNotFound);
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

const notFound = { code: "not-found" };

test("the engine of the settings has precedence", async () => {
  const { root, engineAt, ask, writeConfig } = await newMachine();
  const [selected, other] = [await engineAt("selected"), await engineAt("other")];
  await writeConfig(JSON.stringify({ currentContext: "missing" }));
  const environment = { DOCKER_HOST: `unix://${root}/other`, DOCKER_CONTEXT: "missing" };
  expect(await ask(environment, { host: `unix://${root}/selected` })).toMatchObject(notFound);
  expect(selected.requests[0]).toBe("GET /_ping");
  expect(other.requests).toEqual([]);
});

test("DOCKER_HOST has precedence over contexts", async () => {
  const { root, engineAt, ask } = await newMachine();
  const engine = await engineAt("engine");
  const environment = { DOCKER_HOST: `unix://${root}/engine`, DOCKER_CONTEXT: "missing" };
  expect(await ask(environment)).toMatchObject(notFound);
  expect(engine.requests).not.toEqual([]);
});

test("DOCKER_CONTEXT has precedence over the current context, and that over the default sockets", async () => {
  const { root, engineAt, ask, writeContext, writeConfig } = await newMachine();
  const engines = [
    await engineAt("one"),
    await engineAt("two"),
    await engineAt("var/run/docker.sock"),
  ];
  await writeContext("one", { Host: `unix://${root}/one` });
  await writeContext("two", { Host: `unix://${root}/two`, SkipTLSVerify: false });
  await writeConfig(JSON.stringify({ auths: {}, currentContext: "two" }));
  expect(await ask({ DOCKER_CONTEXT: "one" })).toMatchObject(notFound);
  expect(engines.map(({ requests }) => requests.length > 0)).toEqual([true, false, false]);
  expect(await ask()).toMatchObject(notFound);
  expect(engines.map(({ requests }) => requests.length > 0)).toEqual([true, true, false]);
});

test("the context named default is not a stored context", async () => {
  const { engineAt, ask, writeConfig } = await newMachine();
  const engine = await engineAt("var/run/docker.sock");
  await writeConfig(JSON.stringify({ currentContext: "missing" }));
  expect(await ask({ DOCKER_CONTEXT: "default" })).toMatchObject(notFound);
  expect(engine.requests).not.toEqual([]);
});

test("DOCKER_CONFIG is the folder of contexts", async () => {
  const { root, engineAt, ask, writeContext, writeConfig } = await newMachine();
  const engine = await engineAt("engine");
  await writeContext("mine", { Host: `unix://${root}/engine` });
  await writeConfig(JSON.stringify({ currentContext: "mine" }));
  const environment = { HOME: "/nowhere", DOCKER_CONFIG: path.join(root, "home/.docker") };
  expect(await ask(environment)).toMatchObject(notFound);
  expect(engine.requests).not.toEqual([]);
});

test("by default the first existing socket is used, Docker before Podman", async () => {
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
    expect(await ask(environment)).toMatchObject(notFound);
    expect(engine.requests).not.toEqual([]);
  }
});

test("without any socket, the error explains what to do", async () => {
  const { ask } = await newMachine();
  expect(await ask()).toMatchObject({
    code: "unavailable",
    retryable: false,
    message: expect.stringMatching(/docker\.sock.*start Docker.*DOCKER_HOST/) as string,
  });
});

test("the error for an absent context, or one without an engine, has its name", async () => {
  const { ask, writeContext } = await newMachine();
  const missing = { code: "not-found", message: expect.stringContaining("absent") as string };
  expect(await ask({ DOCKER_CONTEXT: "absent" })).toMatchObject(missing);
  await writeContext("empty", {});
  const empty = { code: "unsupported", message: expect.stringContaining("empty") as string };
  expect(await ask({ DOCKER_CONTEXT: "empty" })).toMatchObject(empty);
});

test("the error for a damaged config.json contains none of its content", async () => {
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
])("cannot connect to an engine at %s", async (host, code) => {
  const { ask } = await newMachine();
  const error = (await ask({ DOCKER_HOST: host })) as Error;
  expect(error).toMatchObject({ code });
  expect(error.message).not.toContain("secret");
});

test("requests use the API version that the engine prefers", async () => {
  const { engineAt, ask } = await newMachine();
  const engine = await engineAt("var/run/docker.sock");
  await ask();
  expect(engine.requests).toEqual([
    "GET /_ping",
    "DELETE /v1.41/images/docker.io/library/a:b",
    "GET /v1.41/images/json",
  ]);
});
