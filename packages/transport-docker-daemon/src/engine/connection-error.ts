import { ImageError } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";

import type { Endpoint } from "./endpoint.ts";

interface Failure {
  /** Of errors of Node and OpenSSL. */
  readonly codes: RegExp;
  /** After the name of the engine. */
  readonly reason: string;
  readonly code?: ImageErrorCode;
  readonly retryable?: boolean;
}

const elsewhere = "or name another one in DOCKER_HOST";

const failures: readonly Failure[] = [
  {
    codes: /^(?:ENOENT|ENOTSOCK|ENOTDIR)$/,
    reason: `is no socket: start Docker, or Podman's service, ${elsewhere}`,
  },
  {
    codes: /^ECONNREFUSED$/,
    reason: `refuses connections: start Docker, or Podman's service, ${elsewhere}`,
  },
  {
    codes: /^(?:EACCES|EPERM)$/,
    reason: "may not be used by this user: become a member of the socket's group, or root",
    code: "denied",
  },
  {
    codes: /^(?:ENOTFOUND|EAI_AGAIN)$/,
    reason: "is not the name of any host: check its spelling",
  },
  {
    codes: /^(?:ECONNRESET|EPIPE)$/,
    reason: "closed the connection before the end",
    retryable: true,
  },
  {
    codes: /^ETIMEDOUT$/,
    reason: 'took too long to answer (the setting "idleTimeout")',
    retryable: true,
  },
  { codes: /^(?:EHOSTUNREACH|ENETUNREACH)$/, reason: "cannot be reached", retryable: true },
  {
    codes: /^HPE_/,
    reason: "does not speak HTTP: is it a container engine, and does it want TLS (https://)?",
  },
  {
    codes: /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_CA|ERR_TLS_CERT_)/,
    reason: "has a certificate that is not trusted: name the folder of its ca.pem",
  },
  {
    codes: /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/,
    reason: "does not speak TLS: call it http://",
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_)/,
    reason: "does not agree with us on TLS: it may want a certificate, cert.pem with key.pem",
  },
];

/** Why there was no whole answer. @returns ImageError `unavailable`, `denied` */
export function connectionError({ name }: Endpoint, cause: unknown): ImageError {
  const code = codeOf(cause);
  const failure = failures.find(({ codes }) => codes.test(code));
  const { reason = String(cause), retryable = false } = failure ?? {};
  const message = `The container engine ${name} ${reason} (${code})`;
  return new ImageError(failure?.code ?? "unavailable", message, { cause, retryable });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "Error";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
