import path from "node:path";

import { ImageError } from "@drayage/core";

import type { DockerDaemonSettings } from "../docker-daemon-settings.ts";
import { defaultSocket } from "./default-socket.ts";
import { findDockerContext } from "./docker-context.ts";
import { dockerFolder, environmentOf } from "./docker-folder.ts";
import { hasCertificates, readCertificates } from "./tls-certificates.ts";
import type { TLSCertificates } from "./tls-certificates.ts";

/** The address of an engine. */
export interface Endpoint {
  /** For messages: `unix:///run/docker.sock`. */
  readonly name: string;
  readonly address:
    | { readonly kind: "socket"; readonly path: string }
    | { readonly kind: "tcp"; readonly hostname: string; readonly port: number };
  /** Undefined for an unencrypted connection. */
  readonly tls: TLS | undefined;
}

interface TLS extends TLSCertificates {
  readonly insecure: boolean;
}

/**
 * Finds the engine: the setting `host`, else `DOCKER_HOST`, else docker's current context, else the default socket. This
 * is the order of the docker command.
 * @throws ImageError `invalid-reference`, `unsupported`, `not-found` for a context
 */
export async function findEndpoint(settings: DockerDaemonSettings): Promise<Endpoint> {
  const { system, insecure } = settings;
  const requiresTLS = insecure === false;
  const host = settings.host ?? (environmentOf(system)["DOCKER_HOST"] || undefined);
  if (host !== undefined) {
    return endpointAt(host, { ...(await tlsOptions(settings)), insecure, requiresTLS });
  }
  const context = await findDockerContext(system);
  if (context === undefined) return endpointAt(`unix://${await defaultSocket(system)}`, {});
  const { certDir = context.certDir } = settings;
  const wantsTLS = context.wantsTLS || certDir !== undefined;
  const options = { wantsTLS, certDir, requiresTLS };
  return endpointAt(context.host, { ...options, insecure: insecure ?? context.insecure });
}

interface TLSOptions {
  /** Whether `tcp:` uses TLS. */
  readonly wantsTLS?: boolean;
  /** The folder of certificates. Default: the certificate authorities of the system. */
  readonly certDir?: string | undefined;
  readonly insecure?: boolean | undefined;
  /** Whether the settings require TLS, so unencrypted TCP is rejected. */
  readonly requiresTLS?: boolean;
}

async function tlsOptions({ certDir, system }: DockerDaemonSettings): Promise<TLSOptions> {
  const environment = environmentOf(system);
  const folder = certDir ?? (environment["DOCKER_CERT_PATH"] || undefined);
  if (folder !== undefined) return { wantsTLS: true, certDir: folder };
  if (!environment["DOCKER_TLS_VERIFY"]) return {};
  const folderOfDocker = dockerFolder(system);
  return {
    wantsTLS: true,
    certDir: (await hasCertificates(folderOfDocker)) ? folderOfDocker : undefined,
  };
}

async function endpointAt(
  host: string,
  { wantsTLS = false, certDir, insecure = false, requiresTLS = false }: TLSOptions,
): Promise<Endpoint> {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(host) ?? [];
  switch (scheme) {
    case "unix": {
      if (rest === "") throw invalid(host, "it has no path of a socket");
      const address = { kind: "socket", path: path.resolve(rest) } as const;
      return { name: host, address, tls: undefined };
    }
    case "tcp":
    case "http":
    case "https": {
      if (scheme === "http" && requiresTLS) {
        throw invalid(
          host,
          "http is not encrypted, and the settings require TLS (--tls-verify); use https:// or tcp://",
        );
      }
      const isEncrypted = scheme === "https" || (scheme === "tcp" && (wantsTLS || requiresTLS));
      const address = parseAddress(host, rest, isEncrypted ? 2376 : 2375);
      if (!isEncrypted) return { name: host, address, tls: undefined };
      const certificates = certDir === undefined ? {} : await readCertificates(certDir);
      return { name: host, address, tls: { ...certificates, insecure } };
    }
    case "ssh":
      throw unsupported(
        host,
        "forward the socket (ssh -NL /tmp/docker.sock:/run/docker.sock HOST)",
      );
    case "npipe":
      throw unsupported(host, "configure the engine to listen at tcp://localhost:2375");
    default:
      throw invalid(host, "it must start with unix://, tcp://, http:// or https://");
  }
}

function parseAddress(host: string, rest: string, defaultPort: number): Endpoint["address"] {
  const url = URL.parse(`tcp://${rest}`);
  const isPlain = url !== null && /^\/?$/.test(url.pathname + url.search + url.hash);
  if (!isPlain || url.hostname === "" || url.username !== "" || url.password !== "")
    throw invalid(host, "expected HOST:PORT after the //");
  const port = url.port === "" ? defaultPort : Number(url.port);
  return { kind: "tcp", hostname: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function invalid(host: string, reason: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `Invalid address of a container engine: ${withoutPassword(host)}: ${reason}; write unix:///PATH or tcp://HOST:PORT`,
  );
}

function unsupported(host: string, instead: string): ImageError {
  return new ImageError(
    "unsupported",
    `Cannot connect to a container engine at ${withoutPassword(host)}; ${instead}, and set DOCKER_HOST to that`,
  );
}

/** The address in quotes, without user and password. */
function withoutPassword(host: string): string {
  const [start, end] = [host.indexOf("//") + 2, host.lastIndexOf("@")];
  return JSON.stringify(
    start >= 2 && end >= start ? `${host.slice(0, start)}…${host.slice(end)}` : host,
  );
}
