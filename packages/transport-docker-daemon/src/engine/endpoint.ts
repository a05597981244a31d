import path from "node:path";

import { ImageError } from "@drayage/core";

import type { DockerDaemonSettings } from "../docker-daemon-settings.ts";
import { defaultSocket } from "./default-socket.ts";
import { findDockerContext } from "./docker-context.ts";
import { dockerFolder, environmentOf } from "./docker-folder.ts";
import { hasCertificates, readCertificates } from "./tls-certificates.ts";
import type { TLSCertificates } from "./tls-certificates.ts";

/** Where an engine listens. */
export interface Endpoint {
  /** As the user knows it: `unix:///run/docker.sock`. */
  readonly name: string;
  readonly address:
    | { readonly kind: "socket"; readonly path: string }
    | { readonly kind: "tcp"; readonly hostname: string; readonly port: number };
  /** Undefined where what is said goes in the clear. */
  readonly tls: TLS | undefined;
}

interface TLS extends TLSCertificates {
  readonly insecure: boolean;
}

/**
 * The engine that the settings name, else `DOCKER_HOST`, else docker's current context, else the first socket that is
 * there: the order of the docker command.
 * @throws ImageError `invalid-reference`, `unsupported`, `not-found` for a context
 */
export async function findEndpoint(settings: DockerDaemonSettings): Promise<Endpoint> {
  const { system, insecure } = settings;
  const requiresTLS = insecure === false;
  const host = settings.host ?? (environmentOf(system)["DOCKER_HOST"] || undefined);
  if (host !== undefined) {
    return endpointAt(host, { ...(await tlsTerms(settings)), insecure, requiresTLS });
  }
  const context = await findDockerContext(system);
  if (context === undefined) return endpointAt(`unix://${await defaultSocket(system)}`, {});
  const { certDir = context.certDir } = settings;
  const wantsTLS = context.wantsTLS || certDir !== undefined;
  const terms = { wantsTLS, certDir, requiresTLS };
  return endpointAt(context.host, { ...terms, insecure: insecure ?? context.insecure });
}

interface TLSTerms {
  /** Whether `tcp:` is encrypted. */
  readonly wantsTLS?: boolean;
  /** Without one those count whom the system trusts. */
  readonly certDir?: string | undefined;
  readonly insecure?: boolean | undefined;
  /** Whether a setting asks for TLS, so that nothing goes in the clear by TCP. */
  readonly requiresTLS?: boolean;
}

async function tlsTerms({ certDir, system }: DockerDaemonSettings): Promise<TLSTerms> {
  const environment = environmentOf(system);
  const folder = certDir ?? (environment["DOCKER_CERT_PATH"] || undefined);
  if (folder !== undefined) return { wantsTLS: true, certDir: folder };
  if (!environment["DOCKER_TLS_VERIFY"]) return {};
  const usual = dockerFolder(system);
  return { wantsTLS: true, certDir: (await hasCertificates(usual)) ? usual : undefined };
}

async function endpointAt(
  host: string,
  { wantsTLS = false, certDir, insecure = false, requiresTLS = false }: TLSTerms,
): Promise<Endpoint> {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(host) ?? [];
  switch (scheme) {
    case "unix": {
      if (rest === "") throw invalid(host, "it names no socket");
      const address = { kind: "socket", path: path.resolve(rest) } as const;
      return { name: host, address, tls: undefined };
    }
    case "tcp":
    case "http":
    case "https": {
      if (scheme === "http" && requiresTLS) {
        throw invalid(host, "http is not encrypted, and TLS was asked for (--tls-verify)");
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
      throw unsupported(host, "let the engine listen at tcp://localhost:2375");
    default:
      throw invalid(host, "it has to begin with unix://, tcp://, http:// or https://");
  }
}

function parseAddress(host: string, rest: string, usualPort: number): Endpoint["address"] {
  const url = URL.parse(`tcp://${rest}`);
  const isPlain = url !== null && /^\/?$/.test(url.pathname + url.search + url.hash);
  if (!isPlain || url.hostname === "" || url.username !== "" || url.password !== "")
    throw invalid(host, "expected HOST:PORT after the //");
  const port = url.port === "" ? usualPort : Number(url.port);
  return { kind: "tcp", hostname: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function invalid(host: string, why: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `Not an address of a container engine: ${shown(host)}: ${why}; write unix:///PATH or tcp://HOST:PORT`,
  );
}

function unsupported(host: string, instead: string): ImageError {
  return new ImageError(
    "unsupported",
    `Container engines are not reached by ${shown(host)}; ${instead}, and name that in DOCKER_HOST`,
  );
}

/** Without a password. */
function shown(host: string): string {
  const [start, end] = [host.indexOf("//") + 2, host.lastIndexOf("@")];
  return JSON.stringify(
    start >= 2 && end >= start ? `${host.slice(0, start)}…${host.slice(end)}` : host,
  );
}
