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

/** As a place in registries.conf may be said to be insecure. */
async function tagsAtInsecurePlace(
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
  /** A server with a certificate of an authority, and a client with a folder for it. */
  async function setUp(
    answer: Parameters<typeof startServer>[0] = (_, response) =>
      void response.end('{"tags":["1"]}'),
    settings: { hostname?: string; wantsIdentity?: boolean; maxVersion?: "TLSv1.2" } = {},
  ): Promise<{ authority: Authority; server: RecordingServer; folder: string }> {
    const folder = await scratchFolder();
    const authority = newAuthority(folder, "authority");
    const { certificate: cert, key } = authority.issue("server");
    const { wantsIdentity = false, hostname, maxVersion } = settings;
    const identities = {
      requestCert: wantsIdentity,
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

  test("an authority in the registry's folder is believed, and none that is not", async () => {
    const { authority, server, folder } = await setUp();
    await using _ = server;
    await expect(tagsAt(server.host, {})).rejects.toMatchObject(untrusted);
    const certDir = await certDirWith(folder, { "ca.crt": authority.certificate });
    expect(await tagsAt(server.host, { certDir })).toEqual(["1"]);
  });

  test("authorities of another registry are not believed", async () => {
    const { authority, server, folder } = await setUp();
    await using _ = server;
    const certs = path.join(folder, "etc/docker/certs.d");
    const system = { rootForImplicitAbsolutePaths: folder, environment: { HOME: folder } };
    for (const [host, isBelieved] of [
      ["registry.example.com", false],
      [server.host, true],
    ] as const) {
      await mkdir(path.join(certs, host), { recursive: true });
      await writeFile(path.join(certs, host, "ca.crt"), authority.certificate);
      const tags = await tagsAt(server.host, { system }).catch(() => undefined);
      expect(tags !== undefined).toBe(isBelieved);
    }
  });

  test("the registry's authority is believed about where it leads, our identity is only shown to it", async () => {
    const shown: unknown[] = [];
    const note = (socket: unknown): void =>
      void shown.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
    const elsewhere = await setUp(
      ({ socket }, response) => {
        note(socket);
        response.end('{"tags":["1"]}');
      },
      { hostname: "localhost", wantsIdentity: true },
    );
    await using _ = elsewhere.server;
    const { authority, folder } = elsewhere;
    const { certificate: cert, key } = authority.issue("registry");
    const tls = { cert, key, ca: authority.certificate, requestCert: true };
    await using server = await startServer(
      ({ url, socket }, response) => {
        note(socket);
        response.writeHead(307, { location: `${elsewhere.server.origin}${url}` }).end();
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

  test("a registry that wants to know who we are is told", async () => {
    const { authority, server, folder } = await setUp(undefined, { wantsIdentity: true });
    await using _ = server;
    const ca = { "ca.crt": authority.certificate };
    const certDir = await certDirWith(folder, ca);
    const { certificate, key } = authority.issue("ann");
    await writeFile(path.join(certDir, "ann.cert"), certificate);
    await writeFile(path.join(certDir, "ann.key"), key);
    expect(await tagsAt(server.host, { certDir })).toEqual(["1"]);
  });

  test("a key that does not belong to its certificate is an error", async () => {
    const { authority, server, folder } = await setUp();
    await using _ = server;
    const [one, other] = [authority.issue("one"), authority.issue("other")];
    const files = { "a.cert": one.certificate, "a.key": other.key };
    const certDir = await certDirWith(folder, files);
    const failure = { code: "unsupported", message: expect.stringContaining("key") as string };
    await expect(tagsAt(server.host, { certDir })).rejects.toMatchObject(failure);
  });

  test("a registry that may be insecure is asked, and where it leads is not", async () => {
    const elsewhere = await setUp(undefined, { hostname: "localhost" });
    await using _ = elsewhere.server;
    let leads = false;
    const near = await setUp(({ url }, response) => {
      if (!leads) return void response.end('{"tags":["1"]}');
      response.writeHead(307, { location: `${elsewhere.server.origin}${url}` }).end();
    });
    await using server = near.server;
    expect(await tagsAtInsecurePlace(server.host, {})).toEqual(["1"]);
    leads = true;
    await expect(tagsAtInsecurePlace(server.host, {})).rejects.toMatchObject(untrusted);
    expect(await tagsAtInsecurePlace(server.host, { insecure: true })).toEqual(["1"]);
  });

  test("what docker() was told about insecurity goes before what was said of the place", async () => {
    const { server } = await setUp();
    await using _ = server;
    const asked = tagsAtInsecurePlace(server.host, { insecure: false });
    await expect(asked).rejects.toMatchObject(untrusted);
  });

  test("versions below the lowest that is wanted are not spoken", async () => {
    const { authority, server, folder } = await setUp(undefined, { maxVersion: "TLSv1.2" });
    await using _ = server;
    const certDir = await certDirWith(folder, { "ca.crt": authority.certificate });
    expect(await tagsAt(server.host, { certDir, minTLSVersion: "TLSv1.2" })).toEqual(["1"]);
    await expect(tagsAt(server.host, { certDir, minTLSVersion: "TLSv1.3" })).rejects.toMatchObject({
      ...untrusted,
      message: expect.stringContaining("TLS") as string,
    });
  });

  test("the authorities of the system are believed", async () => {
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
