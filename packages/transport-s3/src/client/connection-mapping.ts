import { findConnectionFailure } from "@drayage/transport-kit/wire";
import type { ConnectionFailureKind } from "@drayage/transport-kit/wire";

import type { S3ErrorMapping, S3Failure } from "./s3-failure.ts";

/** The SDK has one error for both cases. */
const timeout = "cannot be reached, or stopped responding";
const noTLS = "fails the TLS handshake: check that the endpoint is https";

/** Advice for stores, after the name of the host. */
const reasons: Partial<Record<ConnectionFailureKind, string>> = {
  "connect-timeout": timeout,
  unreachable: timeout,
  "unknown-host": "is not the name of a host: check the endpoint and the region",
  "no-final-response": "announces a response (1xx) and does not send it: check the endpoint",
  "not-http": "does not speak HTTP: check the endpoint",
  "not-tls": noTLS,
  tls: noTLS,
};

const noTunnel =
  "is not reached: the proxy accepts CONNECT, then answers instead of the store; check the proxy, or add the host to NO_PROXY";

/** The mapping of a failed connection; undefined for any other failure. */
export function connectionMappingOf(
  { name, code = name }: Pick<S3Failure, "name" | "code">,
  host: string,
): S3ErrorMapping | undefined {
  const [, status] = /^ERR_PROXY_ANSWER_(\d+)$/.exec(code) ?? [];
  if (status !== undefined) return proxyMapping(Number(status), host);
  const mapping = { code: "unavailable", retryable: false } as const;
  if (code === "ERR_PROXY_NO_TUNNEL")
    return { ...mapping, reason: `${host} ${noTunnel} (${code})` };
  const failure = findConnectionFailure(code);
  if (failure === undefined) return undefined;
  const { kind, reason, retryable } = failure;
  return { ...mapping, reason: `${host} ${reasons[kind] ?? reason} (${code})`, retryable };
}

function proxyMapping(status: number, host: string): S3ErrorMapping {
  if (status === 407)
    return { code: "denied", reason: `${host}: the proxy needs other credentials` };
  const reason = `${host} is not reached: the proxy answered ${status} to CONNECT; check the proxy, or add the host to NO_PROXY`;
  return { code: "unavailable", reason, retryable: status >= 500 };
}
