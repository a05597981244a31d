import { ImageError } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";
import { errorCodeOf, findConnectionFailure } from "@drayage/transport-kit/wire";
import type { ConnectionFailureKind } from "@drayage/transport-kit/wire";

import type { Endpoint } from "./endpoint.ts";

interface Failure {
  /** What the engine did, after its name. */
  readonly reason: string;
  readonly code?: ImageErrorCode;
  /** Default: false. */
  readonly retryable?: boolean;
}

const startOrName = "start Docker, or Podman's service, or set DOCKER_HOST to another engine";

/** Failures of sockets on disk. */
const socketFailures: readonly (Failure & { readonly codes: RegExp })[] = [
  { codes: /^(?:ENOENT|ENOTSOCK|ENOTDIR)$/, reason: `is not a socket: ${startOrName}` },
  {
    codes: /^(?:EACCES|EPERM)$/,
    reason: "may not be used by this user: become a member of the socket's group, or root",
    code: "denied",
  },
];

const unknownHost = "is not the name of a host: check its spelling";

/** Advice for engines. An engine that does not run does not start by itself: only lost connections are retried. */
const failures: Partial<Record<ConnectionFailureKind, Failure>> = {
  refused: { reason: `refuses connections: ${startOrName}` },
  "unknown-host": { reason: unknownHost },
  "lookup-failed": { reason: unknownHost },
  "connect-timeout": {
    reason: 'did not respond in time (setting "idleTimeout")',
    retryable: true,
  },
  "not-http": {
    reason:
      "does not speak HTTP: check that it is a container engine, and whether it needs TLS (https://)",
  },
  untrusted: {
    reason: "has a certificate that is not trusted: pass the folder that contains its ca.pem",
  },
  "not-tls": { reason: "does not speak TLS: use http://" },
  tls: { reason: "fails the TLS handshake: it may need a certificate, cert.pem with key.pem" },
};

/** The error for a missing or incomplete response. @returns ImageError `unavailable`, `denied` */
export function connectionError({ name }: Endpoint, cause: unknown): ImageError {
  const errorCode = errorCodeOf(cause);
  const {
    reason,
    code = "unavailable",
    retryable = false,
  } = failureOf(errorCode) ?? {
    reason: String(cause),
  };
  const message = `The container engine ${name} ${reason} (${errorCode})`;
  return new ImageError(code, message, { cause, retryable });
}

function failureOf(code: string): Failure | undefined {
  const failure = findConnectionFailure(code);
  return (
    socketFailures.find(({ codes }) => codes.test(code)) ??
    (failure && (failures[failure.kind] ?? failure))
  );
}
