import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import type { TLSSocket } from "node:tls";

import { parseNamedReference } from "@drayage/core/reference";
import {
  newAuthority,
  nextMessage,
  opensslProgram,
  scratchFolder,
  startProgram,
} from "@drayage/test-support";
import type { Authority } from "@drayage/test-support";
import { describe, expect, test, vi } from "vitest";

import { HTTPClient } from "../../src/http/http-client.ts";
import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { listTags } from "../../src/listings/tag-list.ts";
import { Registry } from "../../src/registry/registry.ts";
import { Repository } from "../../src/registry/repository.ts";
import { startServer } from "../recording-server.ts";
import type { RecordingServer } from "../recording-server.ts";

const untrusted = { code: "unavailable", retryable: false };

async function tagsAt(host: string, settings: DockerSettings): Promise<readonly string[]> {
  return Array.fromAsync(docker(settings).parseReference(`//${host}/a`).getTags());
}

/** Lists tags of a registry that is insecure in registries.conf. */
async function tagsAtInsecureRegistry(
  host: string,
  settings: DockerSettings,
): Promise<readonly string[]> {
  const client = new HTTPClient(settings);
  await using _ = client.use();
  const registry = new Registry({ host, insecure: true }, client, settings);
  const repository = new Repository(registry, parseNamedReference(`${host}/a`));
  return await Array.fromAsync(listTags(repository));
}

describe.skipIf(opensslProgram === undefined)("TLS (needs openssl)", () => {
  /** A server with a certificate of an authority, and a client with its certificate folder. */
  async function setUp(
    answer: Parameters<typeof startServer>[0] = (_, response) =>
      void response.end('{"tags":["1"]}'),
    settings: { hostname?: string; requiresIdentity?: boolean; maxVersion?: "TLSv1.2" } = {},
  ): Promise<{ authority: Authority; server: RecordingServer; folder: string }> {
    const folder = await scratchFolder();
    const authority = newAuthority(folder, "authority");
    const { certificate: cert, key } = authority.issue("server");
    const { requiresIdentity = false, hostname, maxVersion } = settings;
    const identities = {
      requestCert: requiresIdentity,
      rejectUnauthorized: hostname === undefined,
      ca: authority.certificate,
    };
    const tls = { cert, key, ...identities, ...(maxVersion && { maxVersion }) };
    return { authority, server: await startServer(answer, { hostname, tls }), folder };
  }

  async function certDirWith(
    folder: string,
    files: Readonly<Record<string, string>>,
  ): Promise<string> {
    const certDir = path.join(folder, "certs");
    await mkdir(certDir);
    for (const [name, text] of Object.entries(files))
      await writeFile(path.join(certDir, name), text);
    return certDir;
  }

  test("only an authority in the folder of the registry is trusted", async () => {
    const { authority, server, folder } = await setUp();
    await using _ = server;
    await expect(tagsAt(server.host, {})).rejects.toMatchObject(untrusted);
    const certDir = await certDirWith(folder, { "ca.crt": authority.certificate });
    expect(await tagsAt(server.host, { certDir })).toEqual(["1"]);
  });

  test("authorities of another registry are not trusted", async () => {
    const { authority, server, folder } = await setUp();
    await using _ = server;
    const certs = path.join(folder, "etc/docker/certs.d");
    const system = { rootForImplicitAbsolutePaths: folder, environment: { HOME: folder } };
    for (const [host, isTrusted] of [
      ["registry.example.com", false],
      [server.host, true],
    ] as const) {
      await mkdir(path.join(certs, host), { recursive: true });
      await writeFile(path.join(certs, host, "ca.crt"), authority.certificate);
      const tags = await tagsAt(server.host, { system }).catch(() => undefined);
      expect(tags !== undefined).toBe(isTrusted);
    }
  });

  test("the authority of a registry is trusted for its redirects, and the client certificate is sent only to the registry", async () => {
    const shown: unknown[] = [];
    const note = (socket: unknown): void =>
      void shown.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
    const external = await setUp(
      ({ socket }, response) => {
        note(socket);
        response.end('{"tags":["1"]}');
      },
      { hostname: "localhost", requiresIdentity: true },
    );
    await using _ = external.server;
    const { authority, folder } = external;
    const { certificate: cert, key } = authority.issue("registry");
    const tls = { cert, key, ca: authority.certificate, requestCert: true };
    await using server = await startServer(
      ({ url, socket }, response) => {
        note(socket);
        response.writeHead(307, { location: `${external.server.origin}${url}` }).end();
      },
      { tls },
    );
    const client = authority.issue("ann");
    const certDir = await certDirWith(folder, {
      "ca.crt": authority.certificate,
      "client.cert": client.certificate,
      "client.key": client.key,
    });
    expect(await tagsAt(server.host, { certDir })).toEqual(["1"]);
    expect(shown).toEqual(["ann", undefined]);
  });

  test("a registry that requires a client certificate gets it", async () => {
    const { authority, server, folder } = await setUp(undefined, { requiresIdentity: true });
    await using _ = server;
    const ca = { "ca.crt": authority.certificate };
    const certDir = await certDirWith(folder, ca);
    const { certificate, key } = authority.issue("ann");
    await writeFile(path.join(certDir, "ann.cert"), certificate);
    await writeFile(path.join(certDir, "ann.key"), key);
    expect(await tagsAt(server.host, { certDir })).toEqual(["1"]);
  });

  test("a key that does not match its certificate is an error", async () => {
    const { authority, server, folder } = await setUp();
    await using _ = server;
    const [one, other] = [authority.issue("one"), authority.issue("other")];
    const files = { "a.cert": one.certificate, "a.key": other.key };
    const certDir = await certDirWith(folder, files);
    const failure = { code: "unsupported", message: expect.stringContaining("key") as string };
    await expect(tagsAt(server.host, { certDir })).rejects.toMatchObject(failure);
  });

  test("an insecure registry is trusted, but not its redirects", async () => {
    const external = await setUp(undefined, { hostname: "localhost" });
    await using _ = external.server;
    let leads = false;
    const near = await setUp(({ url }, response) => {
      if (!leads) return void response.end('{"tags":["1"]}');
      response.writeHead(307, { location: `${external.server.origin}${url}` }).end();
    });
    await using server = near.server;
    expect(await tagsAtInsecureRegistry(server.host, {})).toEqual(["1"]);
    leads = true;
    await expect(tagsAtInsecureRegistry(server.host, {})).rejects.toMatchObject(untrusted);
    expect(await tagsAtInsecureRegistry(server.host, { insecure: true })).toEqual(["1"]);
  });

  test("the setting insecure takes precedence over registries.conf", async () => {
    const { server } = await setUp();
    await using _ = server;
    const listed = tagsAtInsecureRegistry(server.host, { insecure: false });
    await expect(listed).rejects.toMatchObject(untrusted);
  });

  test("versions below minTLSVersion are rejected", async () => {
    const { authority, server, folder } = await setUp(undefined, { maxVersion: "TLSv1.2" });
    await using _ = server;
    const certDir = await certDirWith(folder, { "ca.crt": authority.certificate });
    expect(await tagsAt(server.host, { certDir, minTLSVersion: "TLSv1.2" })).toEqual(["1"]);
    await expect(tagsAt(server.host, { certDir, minTLSVersion: "TLSv1.3" })).rejects.toMatchObject({
      ...untrusted,
      message: expect.stringContaining("TLS") as string,
    });
  });

  test("the authorities of the system are trusted", async () => {
    const { server, folder } = await setUp();
    await using _ = server;
    const program = path.join(import.meta.dirname, "../system-roots.program.ts");
    vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
    const answers: unknown[] = [];
    for (const name of ["authority", "server"]) {
      vi.stubEnv("SSL_CERT_FILE", path.join(folder, `${name}.pem`));
      vi.stubEnv("SSL_CERT_DIR", await mkdtemp(path.join(folder, "none-")));
      answers.push(await nextMessage(startProgram(program, server.host)));
    }
    vi.unstubAllEnvs();
    expect(answers).toEqual([["1"], "unavailable"]);
  });
});
