import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { findProgram } from "@drayage/test-support";
import type { KeyPair } from "@drayage/test-support";

import type { TrustedTokens } from "./token-server.ts";

/** The settings of a Docker Distribution. By default it allows everything, over plain HTTP. */
export interface DistributionSettings {
  /** Users with bcrypt hashes, in the format of `htpasswd -B`. */
  readonly htpasswd?: string | undefined;
  /** Accepts the tokens of a server; not together with `htpasswd`. */
  readonly tokens?: TrustedTokens | undefined;
  /** For HTTPS. */
  readonly tls?: KeyPair | undefined;
  /** Accepts manifests of schema 1. Default false. */
  readonly schema1?: boolean | undefined;
  /** The origin of a registry to mirror. It caches pulled images and accepts no pushes. */
  readonly mirrorOf?: string | undefined;
}

/** A running Docker Distribution, CNCF's registry, with its own empty store. */
export interface Distribution extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  /** The folder of its store; blobs are in `docker/registry/v2`. */
  readonly folder: string;
}

/** The name of its program in Debian. */
export const distributionProgram: string | undefined = findProgram("docker-registry");

/** Starts it on a free port. Requires `distributionProgram`. */
export async function startDistribution(
  settings: DistributionSettings = {},
): Promise<Distribution> {
  const folder = await mkdtemp(path.join(tmpdir(), "distribution-"));
  for (const [name, text] of Object.entries(filesOf(folder, settings))) {
    if (text !== undefined) await writeFile(path.join(folder, name), text);
  }
  const child = spawn(distributionProgram ?? "docker-registry", ["serve", "config.json"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const host = await listening(child);
  return {
    host,
    origin: `${settings.tls ? "https" : "http"}://${host}`,
    folder,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function filesOf(
  folder: string,
  settings: DistributionSettings,
): Readonly<Record<string, string | undefined>> {
  return {
    // The configuration is YAML, and JSON is a subset of it.
    "config.json": JSON.stringify(configOf(folder, settings)),
    htpasswd: settings.htpasswd,
    "signer.crt": settings.tokens?.certificate,
    "tls.crt": settings.tls?.certificate,
    "tls.key": settings.tls?.key,
  };
}

function configOf(folder: string, settings: DistributionSettings): unknown {
  const { tls, mirrorOf, schema1 = false } = settings;
  return {
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      ...(tls && { tls: { certificate: "tls.crt", key: "tls.key" } }),
    },
    ...(schema1 && { compatibility: { schema1: { enabled: true } } }),
    ...authenticationOf(settings),
    ...(mirrorOf !== undefined && { proxy: { remoteurl: mirrorOf } }),
  };
}

function authenticationOf({ htpasswd, tokens }: DistributionSettings): object {
  if (htpasswd !== undefined) return { auth: { htpasswd: { realm: "test", path: "htpasswd" } } };
  if (tokens === undefined) return {};
  const { realm, service, issuer } = tokens;
  return { auth: { token: { realm, service, issuer, rootcertbundle: "signer.crt" } } };
}

/** Reads the address or the error from its standard error, and discards the rest. */
async function listening(child: ChildProcess): Promise<string> {
  let output = "";
  return new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`docker-registry did not start: ${output}`)));
    const read = (chunk: Buffer): void => {
      output = (output + String(chunk)).slice(-10_000);
      const [, host] = /listening on ([\d.]+:\d+)[",]/.exec(output) ?? [];
      if (host === undefined) return;
      child.stderr?.off("data", read).resume();
      resolve(host);
    };
    child.stderr?.on("data", read);
  });
}
