import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { verifyImage } from "@drayage/core/verify";
import { startS3 } from "@drayage/mock-servers";
import type { S3Server } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { newAuthority, opensslProgram, scratchFolder, startProxy } from "@drayage/test-support";
import type { Authority } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";

import { InstalledCommand } from "./installed-command.ts";
import type { Run } from "./installed-command.ts";

// These tests start programs that start others, and run next to all other tests.
vi.setConfig({ testTimeout: 120_000 });

let command: InstalledCommand;
let authority: Authority;
let registries: { readonly http: Registry; readonly https: Registry };
let store: S3Server;
let image: string;
let certDir: string;

beforeAll(async () => {
  command = await InstalledCommand.install();
  authority = newAuthority(command.home, "authority");
  const tls = authority.issue("server");
  registries = {
    http: await startRegistry(),
    https: await startRegistry({ tls }),
  };
  store = await startS3({ tls });
  const folder = path.join(command.home, "image");
  await writeImage(await randomImage("network"), directory().parseReference(folder));
  image = `dir:${folder}`;
  certDir = await folderWith("certificates", { "ca.crt": authority.certificate });
}, 300_000);

afterAll(async () => {
  for (const server of [registries.http, registries.https, store])
    await server[Symbol.asyncDispose]();
  await command[Symbol.asyncDispose]();
});

async function folderWith(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = path.join(command.home, name);
  await mkdir(folder);
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
  return folder;
}

function flagsFor(scheme: "http" | "https", side: "src-" | "dest-" | "" = ""): readonly string[] {
  return scheme === "http" ? [`--${side}tls-verify=false`] : [`--${side}cert-dir`, certDir];
}

describe.skipIf(opensslProgram === undefined)("the installed command", () => {
  describe.each(["http", "https"] as const)("connects to a registry by %s", (scheme) => {
    test.each([
      ["through a proxy", ""],
      ["through a proxy with a password", "ann:secret@"],
    ])("%s", async (_, credentials) => {
      await using proxy = await startProxy();
      const { host } = proxy.url;
      const env = { [`${scheme.toUpperCase()}_PROXY`]: `http://${credentials}${host}` };
      const name = `docker://registry.test:${registries[scheme].port}/proxied:1`;
      await command.output(["copy", ...flagsFor(scheme, "dest-"), image, name], { env });
      const copy = path.join(await scratchFolder(), "copy");
      await command.output(["copy", ...flagsFor(scheme, "src-"), name, `dir:${copy}`], { env });
      expect((await verifyImage(directory().parseReference(copy))).problems).toEqual([]);
      expect(proxy.requests.length).toBeGreaterThan(0);
      expect(proxy.requests[0]).toMatch(
        scheme === "http" ? /^[A-Z]+ http:/ : /^CONNECT registry\.test:/,
      );
      const basic = `Basic ${Buffer.from("ann:secret").toString("base64")}`;
      expect(new Set(proxy.authorizations)).toEqual(new Set([credentials ? basic : undefined]));
    });

    test("without a proxy for hosts in NO_PROXY", async () => {
      await using proxy = await startProxy();
      const { port } = registries[scheme];
      const env = {
        [`${scheme}_proxy`]: proxy.url.href,
        NO_PROXY: "localhost",
      };
      const name = `docker://localhost:${port}/direct:1`;
      await command.output(["copy", ...flagsFor(scheme, "dest-"), image, name], { env });
      expect(proxy.requests).toEqual([]);
    });

    test("and reports the error of a proxy", async () => {
      await using proxy = await startProxy(407);
      const env = { HTTP_PROXY: proxy.url.href, HTTPS_PROXY: proxy.url.href };
      const name = `docker://registry.test:${registries[scheme].port}/proxied`;
      const { code, stderr } = await command.run(["list-tags", ...flagsFor(scheme), name], { env });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^drayage: .*407.*\n$/)]);
    });
  });

  test("connects to a bucket over HTTPS, directly and through a proxy", async () => {
    await using proxy = await startProxy();
    const { accessKeyId, secretAccessKey } = store.access.credentials;
    const endpoint = new URL(store.access.endpoint);
    const env = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: store.access.region,
      NODE_EXTRA_CA_CERTS: path.join(certDir, "ca.crt"),
    };
    const flags = (host: string): readonly string[] => [
      "--dest-s3-path-style",
      "--dest-s3-endpoint",
      `https://${host}:${endpoint.port}`,
    ];
    const copy = ["copy", image, "s3://bucket/direct:1"];
    await command.output([...copy, ...flags("127.0.0.1")], { env });
    const throughProxy = { ...env, HTTPS_PROXY: proxy.url.href };
    const again = ["copy", image, "s3://bucket/proxied:1"];
    await command.output([...again, ...flags("registry.test")], { env: throughProxy });
    expect(proxy.requests[0]).toBe(`CONNECT registry.test:${endpoint.port}`);
  });

  test.each(["http", "https"] as const)("follows redirects of blobs by %s", async (scheme) => {
    const tls = scheme === "https" ? authority.issue("redirecting") : undefined;
    await using registry = await startRegistry({ redirectBlobs: true, tls });
    const name = `docker://${registry.host}/redirected:1`;
    await command.output(["copy", ...flagsFor(scheme, "dest-"), image, name]);
    await command.output(["verify", ...flagsFor(scheme), name]);
    expect(registry.requests.some(({ server }) => server === "storage")).toBe(true);
  });

  describe("with TLS", () => {
    async function tags(port: number, ...flags: readonly string[]): Promise<Run> {
      return command.run(["list-tags", ...flags, `docker://localhost:${port}/app`]);
    }

    test("trusts only the authorities in --cert-dir", async () => {
      const { port } = registries.https;
      await registries.https.putImage("app", await randomImage("app"), "1");
      expect(await tags(port, "--cert-dir", certDir)).toMatchObject({ code: 0, stderr: "" });
      const other = newAuthority(await scratchFolder(), "other");
      const wrong = await folderWith("wrong", { "ca.crt": other.certificate });
      for (const flags of [[], ["--cert-dir", wrong]]) {
        const { code, stderr } = await tags(port, ...flags);
        expect([code, stderr]).toEqual([1, expect.stringContaining("certificate")]);
      }
      expect(await tags(port, "--tls-verify=false")).toMatchObject({ code: 0, stderr: "" });
    });

    test("sends the client certificate in --cert-dir", async () => {
      const { certificate: cert, key } = authority.issue("registry");
      const tls = { cert, key, ca: authority.certificate, requestCert: true };
      const server = createServer(tls, (_, response) => void response.end('{"tags":["1"]}'));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const client = authority.issue("client");
      const withClient = await folderWith("with-client", {
        "ca.crt": authority.certificate,
        "client.cert": client.certificate,
        "client.key": client.key,
      });
      expect(await tags(port, "--cert-dir", withClient)).toMatchObject({ code: 0, stderr: "" });
      expect(await tags(port, "--cert-dir", certDir)).toMatchObject({ code: 1, stdout: "" });
    });
  });

  test.each(["basic", "bearer"] as const)("logs in and out by %s", async (kind) => {
    const users = { ann: { password: "secret" } };
    const tls = authority.issue(kind);
    await using registry = await startRegistry({ tls, authentication: { kind, users } });
    const name = `docker://${registry.host}/app:1`;
    const copy = ["copy", "--dest-cert-dir", certDir, image, name];
    expect((await command.run(copy)).code).toBe(1);
    const login = ["login", "--cert-dir", certDir, "-u", "ann", "--password-stdin", registry.host];
    await command.output(login, { input: "secret" });
    await command.output(copy);
    expect(registry.tags("app")).toEqual(["1"]);
    await command.output(["logout", registry.host]);
    const { code } = await command.run(["inspect", "--cert-dir", certDir, name]);
    expect(code).toBe(1);
  });
});
