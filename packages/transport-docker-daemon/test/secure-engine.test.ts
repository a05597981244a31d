import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { digestOf, hexOf } from "@drayage/core";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import type { Dockerd } from "@drayage/test-servers";
import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import { assertNoImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import type { DockerDaemonSettings } from "../src/index.ts";

/** A user without configuration. */
const emptySystem = { environment: { HOME: "/nowhere" } };

describe.skipIf(dockerdProgram === undefined || opensslProgram === undefined)(
  "a Docker Engine with TLS (needs dockerd and openssl)",
  () => {
    let dockerd: Dockerd;
    let authorityFolder: string;
    let files: Readonly<Record<string, string>>;
    beforeAll(async () => {
      authorityFolder = await mkdtemp(path.join(tmpdir(), "authority-"));
      const authority = newAuthority(authorityFolder, "authority");
      dockerd = await startDockerd({
        tls: { ...authority.issue("engine"), authority: authority.certificate },
      });
      const { certificate, key } = authority.issue("client");
      files = { "ca.pem": authority.certificate, "cert.pem": certificate, "key.pem": key };
    });
    afterAll(async () => {
      await dockerd[Symbol.asyncDispose]();
      await rm(authorityFolder, { recursive: true, force: true });
    });

    async function folderWith(...names: readonly string[]): Promise<string> {
      const folder = await scratchFolder();
      for (const name of names) await writeFile(path.join(folder, name), files[name] ?? "");
      return folder;
    }

    const all = ["ca.pem", "cert.pem", "key.pem"];

    /** Fails unless the engine accepts the client: only then does it report an absent image. */
    async function isAccepted(settings: DockerDaemonSettings): Promise<void> {
      await assertNoImage(dockerDaemon({ system: emptySystem, ...settings }).parseReference("a:b"));
    }

    test("accepts clients with a certificate of its authority, by tcp: and https:", async () => {
      const certDir = await folderWith(...all);
      await isAccepted({ host: `tcp://${dockerd.tcpHost}`, certDir });
      await isAccepted({ host: `https://${dockerd.tcpHost}`, certDir });
    });

    test("is found by variables or a context, like docker finds it", async () => {
      const folder = await folderWith(...all);
      const host = `tcp://${dockerd.tcpHost}`;
      const variables = { HOME: "/nowhere", DOCKER_HOST: host };
      await isAccepted({ system: { environment: { ...variables, DOCKER_CERT_PATH: folder } } });
      const verify = { ...variables, DOCKER_TLS_VERIFY: "1", DOCKER_CONFIG: folder };
      await isAccepted({ system: { environment: verify } });
      const id = hexOf(digestOf(Buffer.from("remote")));
      const [meta, tls] = [`contexts/meta/${id}`, `contexts/tls/${id}/docker`];
      for (const one of [meta, tls]) await mkdir(path.join(folder, one), { recursive: true });
      const endpoints = { docker: { Host: host, SkipTLSVerify: false } };
      await writeFile(
        path.join(folder, meta, "meta.json"),
        JSON.stringify({ Name: "remote", Endpoints: endpoints }),
      );
      for (const name of all) await writeFile(path.join(folder, tls, name), files[name] ?? "");
      const environment = { DOCKER_CONFIG: folder, DOCKER_CONTEXT: "remote" };
      await isAccepted({ system: { environment } });
    });

    test("is not trusted without its authority, unless `insecure` is set", async () => {
      const certDir = await folderWith("cert.pem", "key.pem");
      const host = `tcp://${dockerd.tcpHost}`;
      await expect(isAccepted({ host, certDir })).rejects.toThrow("ca.pem");
      await isAccepted({ host, certDir, insecure: true });
    });

    test("rejects clients without a certificate or without TLS", async () => {
      const certDir = await folderWith("ca.pem");
      const source = (settings: DockerDaemonSettings): Promise<unknown> =>
        dockerDaemon({ system: emptySystem, ...settings })
          .parseReference("a:b")
          .newImageSource();
      await expect(source({ host: `tcp://${dockerd.tcpHost}`, certDir })).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("cert.pem with key.pem") as string,
      });
      await expect(source({ host: `http://${dockerd.tcpHost}` })).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("HTTPS") as string,
      });
    });

    test.each([[["cert.pem"]], [["key.pem"]], [[]]])("rejects a folder with %j", async (names) => {
      const certDir = await folderWith(...names);
      const reference = dockerDaemon({
        host: `tcp://${dockerd.tcpHost}`,
        certDir,
      }).parseReference("a:b");
      await expect(reference.newImageSource()).rejects.toMatchObject({ code: "unsupported" });
    });
  },
);
