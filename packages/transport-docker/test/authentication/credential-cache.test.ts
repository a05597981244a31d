import { mkdir, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import path from "node:path";

import { openImage } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import { findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { HTTPClient } from "../../src/http/http-client.ts";
import type { HTTPRequest, HTTPResponse } from "../../src/http/http-exchange.ts";
import { followRedirects } from "../../src/http/redirects.ts";
import { docker } from "../../src/index.ts";
import type { DockerAuthConfig, DockerSettings } from "../../src/index.ts";
import { Registry } from "../../src/registry/registry.ts";
import { systemIn, systemWithHelper } from "../credentials/helper-program.ts";
import { startServer } from "../recording-server.ts";
import type { RecordingServer } from "../recording-server.ts";

const secret = "correct horse";
const ann = { username: "ann", password: secret };
const users = { ann: { password: secret }, ben: { password: secret } };
const withPasswords = { authentication: { kind: "basic", users } } as const;
const image = await randomImage("known credentials");

/** The decoded `Authorization` header. */
function decoded(authorization: string | undefined): string | undefined {
  const [, text] = /^Basic (.*)$/.exec(authorization ?? "") ?? [];
  return text === undefined ? authorization : Buffer.from(text, "base64").toString();
}

function entry(user: string): { auth: string } {
  return { auth: Buffer.from(user).toString("base64") };
}

async function pull(host: string, settings: DockerSettings, repository = "a"): Promise<void> {
  await using _ = await openImage(docker(settings).parseReference(`//${host}/${repository}:1`));
}

/** A server that rejects all credentials. */
async function startRejecting(hostname?: string, port?: number): Promise<RecordingServer> {
  const refuse = (_: unknown, response: ServerResponse): void =>
    void response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  return startServer(refuse, { hostname, port });
}

async function authFileOf(auths: Readonly<Record<string, unknown>>): Promise<string> {
  const authFile = path.join(await scratchFolder(), "auth.json");
  await writeFile(authFile, JSON.stringify({ auths }));
  return authFile;
}

describe("without the setting credentials", () => {
  test("the auth files of podman, skopeo and docker are read", async () => {
    await using registry = await startRegistry(withPasswords);
    await registry.putImage("a", image, "1");
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "home/.docker"), { recursive: true });
    const auths = { [registry.host]: entry(`ann:${secret}`) };
    await writeFile(path.join(folder, "home/.docker/config.json"), JSON.stringify({ auths }));
    await pull(registry.host, { system: systemIn(folder) });
    expect(registry.requests.map(({ authorization }) => authorization)).toContain("basic");
  });

  test("credentials of the repository take precedence over those of the registry", async () => {
    await using server = await startRejecting();
    const authFile = await authFileOf({
      [server.host]: entry("registry:x"),
      [`${server.host}/team`]: entry("team:x"),
      [`${server.host}/team/app`]: entry("app:x"),
    });
    const transport = docker({ authFile });
    for (const repository of ["team/app", "team/other", "teams", "team/app"]) {
      const reference = transport.parseReference(`//${server.host}/${repository}`);
      await expect(Array.fromAsync(reference.getTags())).rejects.toMatchObject({ code: "denied" });
    }
    expect(server.authorizations.map(decoded)).toEqual([
      undefined,
      "app:x",
      "team:x",
      "registry:x",
      "app:x",
    ]);
  });

  test("files are not read before a challenge", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const authFile = path.join(await scratchFolder(), "auth.json");
    await writeFile(authFile, "broken");
    await pull(registry.host, { authFile });
    await using rejecting = await startRejecting();
    await expect(pull(rejecting.host, { authFile })).rejects.toMatchObject({ code: "unsupported" });
  });

  test("a missing authFile is an error", async () => {
    await using server = await startRejecting();
    const authFile = path.join(await scratchFolder(), "auth.json");
    await expect(pull(server.host, { authFile })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(authFile) as string,
    });
  });

  test("a function that returns undefined disables credentials", async () => {
    await using server = await startRejecting();
    const authFile = await authFileOf({ [server.host]: entry("ann:x") });
    const pulled = pull(server.host, { authFile, credentials: () => undefined });
    await expect(pulled).rejects.toMatchObject({ code: "denied" });
    expect(server.authorizations).toEqual([undefined]);
  });

  test("a stored registry token is sent unchanged", async () => {
    await using server = await startServer(({ headers }, response) => {
      response.setHeader("www-authenticate", 'Bearer realm="http://nowhere.invalid"');
      response.writeHead(headers.authorization === "Bearer rt" ? 404 : 401).end();
    });
    const authFile = await authFileOf({ [server.host]: { registrytoken: "rt" } });
    await expect(pull(server.host, { authFile })).rejects.toMatchObject({ code: "not-found" });
    expect(server.authorizations.slice(0, 2)).toEqual([undefined, "Bearer rt"]);
  });
});

describe("the credentials function", () => {
  test("is called with host and repository, once for each, after a challenge", async () => {
    await using registry = await startRegistry(withPasswords);
    await using open = await startRegistry();
    for (const one of [registry, open]) {
      await one.putImage("a", image, "1");
      await one.putImage("team/b", image, "1");
    }
    const calls: (string | undefined)[][] = [];
    const credentials = (...names: (string | undefined)[]): DockerAuthConfig => {
      calls.push(names);
      return ann;
    };
    const transport = docker({ credentials });
    for (const { host } of [registry, open]) {
      for (const repository of ["a", "team/b", "a"]) {
        const reference = transport.parseReference(`//${host}/${repository}:1`);
        await using source = await reference.newImageSource();
        const digests = [...image.blobs.keys()];
        await Promise.all(
          digests.map(async (digest) => Array.fromAsync(source.getBlob({ digest }))),
        );
      }
    }
    expect(calls).toEqual([
      [registry.host, "a"],
      [registry.host, "team/b"],
    ]);
  });

  test("is called again after an error response", async () => {
    await using registry = await startRegistry(withPasswords);
    await registry.putImage("a", image, "1");
    const passwords = ["old", secret];
    const credentials = (): DockerAuthConfig => ({
      username: "ann",
      password: passwords.shift() ?? "",
    });
    const reference = docker({ credentials }).parseReference(`//${registry.host}/a:1`);
    await expect(Array.fromAsync(reference.getTags())).rejects.toMatchObject({ code: "denied" });
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  });

  test.skipIf(findProgram("pgrep") === undefined)(
    "may be slow: an abort ends one request, and the helper if no request is left",
    async () => {
      await using server = await startRejecting();
      const folder = await scratchFolder();
      const script = "cat >/dev/null; while true; do sleep 1; done";
      const system = await systemWithHelper(folder, "slow", script);
      const authFile = path.join(folder, "auth.json");
      await writeFile(authFile, JSON.stringify({ credsStore: "slow" }));
      const reference = docker({ authFile, system }).parseReference(`//${server.host}/a`);
      const controllers = [new AbortController(), new AbortController()];
      const lists = controllers.map(async ({ signal }) =>
        Array.fromAsync(reference.getTags({ signal })),
      );
      const ends = Promise.allSettled(lists);
      await expect.poll(() => server.requests.length, { interval: 5 }).toBe(2);
      controllers[0]?.abort(new Error("first"));
      await expect(lists[0]).rejects.toThrow("first");
      controllers[1]?.abort(new Error("second"));
      await expect(lists[1]).rejects.toThrow("second");
      await ends;
      const running = ["-f", path.join(folder, "docker-credential-slow")];
      await expect
        .poll(() => outputOf("pgrep", ...running).catch(() => "none"), { interval: 20 })
        .toBe("none");
    },
  );
});

describe("credentials", () => {
  test.skipIf(process.platform !== "linux")(
    "CVE-2026-59891: in a file apply to exactly one host and port",
    async () => {
      await using short = await startRejecting();
      await using long = await startRejecting("127.0.0.11", short.port);
      await using third = await startRejecting();
      const authFile = await authFileOf({
        [short.host]: entry("short:x"),
        "127.0.0.1": entry("no port:x"),
      });
      const transport = docker({ authFile });
      for (const { host } of [short, long, third]) {
        const opened = openImage(transport.parseReference(`//${host}/a:1`));
        await expect(opened).rejects.toMatchObject({ code: "denied" });
      }
      expect(short.authorizations.map(decoded)).toEqual([undefined, "short:x"]);
      for (const { authorizations } of [long, third]) expect(authorizations).toEqual([undefined]);
    },
  );

  test("CVE-2020-15157: are not sent to the token server of a foreign layer", async () => {
    await using external = await startServer(({ url = "" }, response) => {
      const realm = `${external.origin}/token`;
      const challenges = [`Bearer realm="${realm}",service="s"`, 'Basic realm="x"'];
      if (url === "/token") response.end('{"token":"t"}');
      else response.writeHead(401, { "www-authenticate": challenges.join(", ") }).end();
    });
    await using registry = await startRegistry({ ...withPasswords });
    await registry.putImage("a", image, "1");
    const reference = docker({ credentials: ann }).parseReference(`//${registry.host}/b:1`);
    await using source = await reference.newImageSource();
    const [, digest] = [...image.blobs.keys()];
    const urls = [`${external.origin}/layer`];
    await expect(Array.fromAsync(source.getBlob({ digest, urls }))).rejects.toMatchObject({
      code: "not-found",
    });
    expect(external.requests).toEqual(["GET /layer"]);
    expect(external.authorizations).toEqual([undefined]);
  });

  test.each([
    ["https://registry.example.com/else", true],
    ["https://registry.example.com:443/else", true],
    ["https://registry.example.com:8443/else", false],
    ["http://registry.example.com/else", false],
    ["https://sub.registry.example.com/else", false],
    ["https://example.com/else", false],
    ["https://registry.example.com.evil.org/else", false],
    ["https://registry.example.com@evil.org/else", false],
  ])("CVE-2020-15157: are sent after a redirect to %s: %s", async (location, isFollowed) => {
    const sent: HTTPRequest[] = [];
    const send = async (request: HTTPRequest): Promise<HTTPResponse> => {
      sent.push(request);
      const { url } = request;
      const answer = { url, bytes: (async function* () {})(), discard: async () => {} };
      if (sent.length > 1) return { ...answer, status: 200, headers: {} };
      return { ...answer, status: 307, headers: { location } };
    };
    const url = new URL("https://registry.example.com/v2/");
    const headers = { authorization: "Bearer secret", accept: "x" };
    await followRedirects({ method: "GET", url, headers }, send, () => {});
    const kept = isFollowed ? headers : { accept: "x" };
    expect(sent.map((request) => request.headers)).toEqual([headers, kept]);
  });

  test.each<DockerSettings>([{ credentials: ann }, { registryToken: "rt" }])(
    "without a host are not sent to a mirror, which has its own: %j",
    async (settings) => {
      await using server = await startRejecting();
      const authFile = await authFileOf({ [server.host]: entry("mirror:x") });
      const client = new HTTPClient({});
      await using _ = client.use();
      const location = { host: server.host, isAlternateHost: true };
      const mirror = new Registry(location, client, { ...settings, authFile });
      const response = await mirror.request({ method: "GET", target: "/v2/", scopes: [] });
      await response.discard();
      expect(server.authorizations.map(decoded)).toEqual([undefined, "mirror:x"]);
    },
  );

  test("are looked up by the host of a mirror", async () => {
    await using server = await startRejecting();
    const client = new HTTPClient({});
    await using _ = client.use();
    const credentials = (host: string): DockerAuthConfig => ({ username: host, password: "x" });
    const location = { host: server.host, isAlternateHost: true };
    const mirror = new Registry(location, client, { credentials });
    const response = await mirror.request({ method: "GET", target: "/v2/", scopes: [] });
    await response.discard();
    expect(server.authorizations.map(decoded)).toEqual([undefined, `${server.host}:x`]);
  });
});

describe("a token server that replaces identity tokens", () => {
  test("gets the last one", async () => {
    let given = 0;
    const shown: (string | null)[] = [];
    await using server = await startServer((request, response) => {
      const { url = "", headers } = request;
      if (url.startsWith("/token")) {
        const chunks: Uint8Array[] = [];
        request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        request.on("end", () => {
          shown.push(new URLSearchParams(Buffer.concat(chunks).toString()).get("refresh_token"));
          given++;
          response.end(JSON.stringify({ access_token: `t${given}`, refresh_token: `idt${given}` }));
        });
        return;
      }
      const realm = `http://${headers.host}/token`;
      response.setHeader("www-authenticate", `Bearer realm="${realm}",service="s"`);
      const isGood = headers.authorization === `Bearer t${given}` && given % 2 === 1;
      response.writeHead(isGood ? 200 : 401).end(isGood ? '{"tags":["1"]}' : "");
    });
    const transport = docker({ credentials: { identityToken: "idt0" } });
    for (const repository of ["a", "b"]) {
      const reference = transport.parseReference(`//${server.host}/${repository}`);
      await Array.fromAsync(reference.getTags());
    }
    expect(shown).toEqual(["idt0", "idt1", "idt2"]);
  });
});

test("without a password, the bearer challenge is used and not the basic one", async () => {
  await using server = await startServer(({ url = "", headers }, response) => {
    if (url.startsWith("/token")) return void response.end('{"token":"t"}');
    const realm = `http://${headers.host}/token`;
    response.setHeader("www-authenticate", `Basic realm="x", Bearer realm="${realm}"`);
    const isGood = headers.authorization === "Bearer t";
    return void response.writeHead(isGood ? 200 : 401).end(isGood ? '{"tags":["1"]}' : "");
  });
  const reference = docker().parseReference(`//${server.host}/a`);
  expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
});
