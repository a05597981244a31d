import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { findProgram } from "./program.ts";

/** How a Docker Distribution is set up. */
export interface DistributionSettings {
  /** A file of users with bcrypt hashes; undefined lets everybody in. */
  readonly htpasswd?: string;
  /** PEM texts for TLS; undefined is plain http. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A running Docker Distribution, CNCF's registry, with an empty store of its own. */
export interface Distribution extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  /** Where it keeps its blobs, `docker/registry/v2` below it. */
  readonly folder: string;
}

/** The name of its program, as Debian installs it. */
export const distributionProgram: string | undefined = findProgram("docker-registry");

/** Starts one on a free port of this machine; needs `distributionProgram`. */
export async function startDistribution(
  settings: DistributionSettings = {},
): Promise<Distribution> {
  const folder = await mkdtemp(path.join(tmpdir(), "distribution-"));
  const host = `127.0.0.1:${await freePort()}`;
  const scheme = settings.tls ? "https" : "http";
  await writeFile(path.join(folder, "config.json"), await configOf(folder, host, settings));
  const child = spawn(distributionProgram ?? "docker-registry", ["serve", "config.json"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await listening(child);
  return {
    host,
    origin: `${scheme}://${host}`,
    folder,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Its configuration is YAML, of which JSON is a part. */
async function configOf(
  folder: string,
  addr: string,
  settings: DistributionSettings,
): Promise<string> {
  const { htpasswd, tls } = settings;
  if (htpasswd !== undefined) await writeFile(path.join(folder, "htpasswd"), htpasswd);
  if (tls !== undefined) {
    await writeFile(path.join(folder, "tls.crt"), tls.certificate);
    await writeFile(path.join(folder, "tls.key"), tls.key);
  }
  return JSON.stringify({
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr, ...(tls && { tls: { certificate: "tls.crt", key: "tls.key" } }) },
    ...(htpasswd !== undefined && { auth: { htpasswd: { realm: "test", path: "htpasswd" } } }),
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

/** It says on stderr that it listens, or why it does not; what it says later is read and dropped. */
async function listening(child: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`docker-registry did not start: ${said}`)));
    child.stderr?.on("data", (chunk: Buffer) => {
      said = (said + String(chunk)).slice(-10_000);
      if (said.includes("listening on")) resolve();
    });
  });
}
