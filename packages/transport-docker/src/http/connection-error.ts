import { ImageError, isImageError } from "@drayage/core";
import { errorCodeOf, findConnectionFailure } from "@drayage/transport-kit/wire";
import type { ConnectionFailureKind } from "@drayage/transport-kit/wire";

/** Advice for registries, after the name of the host; `{insecure}` is replaced by the instruction. */
const reasons: Partial<Record<ConnectionFailureKind, string>> = {
  "not-http": "does not speak HTTP; check that a registry is running there",
  untrusted: "has a certificate that is not trusted; to connect anyway, {insecure}",
  "not-tls": "does not speak TLS; to use plain http, {insecure}",
};

interface ConnectionContext {
  readonly proxy?: URL | undefined;
  /** The requested image. */
  readonly reference?: string | undefined;
  /** The instruction to connect anyway, as in `DockerWording`. */
  readonly insecure?: string | undefined;
}

/** The error for a missing or incomplete response. @returns ImageError `unavailable` */
export function connectionError(
  url: URL,
  cause: unknown,
  { proxy, reference, insecure = 'set "insecure"' }: ConnectionContext = {},
): ImageError {
  const code = errorCodeOf(cause);
  const failure = (proxy && proxyFailureOf(cause)) ?? failureOf(code);
  const isUnresolvable = code === "ENOTFOUND" && proxy === undefined && isImpliedHost(url);
  const { reason, retryable } = isUnresolvable
    ? { reason: "cannot be resolved; check the network and the DNS server", retryable: false }
    : (failure ?? { reason: String(cause), retryable: false });
  const who = subjectOf(url, proxy, code);
  const message = `${who} ${reason.replace("{insecure}", () => insecure)} (${code})`;
  return new ImageError("unavailable", message, { cause, retryable, reference });
}

/** The default host, which the user cannot have misspelled. */
function isImpliedHost({ hostname }: URL): boolean {
  return hostname === "registry-1.docker.io";
}

/** With a proxy, only connections to the proxy itself can fail. */
function subjectOf({ host }: URL, proxy: URL | undefined, code: string): string {
  if (proxy === undefined) return host;
  return connectCodes.test(code)
    ? `The proxy ${proxy.host}, for ${host},`
    : `${host}, through the proxy ${proxy.host},`;
}

const connectCodes =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|UND_ERR_PRX_CONN)$/;

interface FailureText {
  readonly reason: string;
  readonly retryable: boolean;
}

function failureOf(code: string): FailureText | undefined {
  const failure = findConnectionFailure(code);
  return failure && { ...failure, reason: reasons[failure.kind] ?? failure.reason };
}

/** undici reports the status of the proxy only in the message. */
function proxyFailureOf(cause: unknown): FailureText | undefined {
  const [, status] =
    /^Proxy\b.*\((\d{3})\)/.exec(cause instanceof Error ? cause.message : "") ?? [];
  if (status === undefined) return undefined;
  const advice = status === "407" ? "; add a user and a password to the URL of the proxy" : "";
  const reason = `cannot be reached: the proxy returned ${status}${advice}`;
  return { reason, retryable: Number(status) >= 500 };
}

/**
 * True for a failure that may be temporary even if the host never responded. A host that refuses connections, or cannot
 * be reached, from the start is more likely a wrong one.
 */
export function isTemporary(error: unknown): boolean {
  return isFailure(error, "closed") || isFailure(error, "lookup-failed");
}

/** True for a connection without a response. */
export function isUnanswered(error: unknown): boolean {
  return isFailure(error, "response-timeout");
}

/** True for a server with TLS whose certificate is not trusted. */
export function isUntrusted(error: unknown): boolean {
  return isFailure(error, "untrusted");
}

/** True for a server with TLS, whatever failed. */
export function isFromTLS(error: unknown): boolean {
  return isUntrusted(error) || isFailure(error, "tls");
}

function isFailure(error: unknown, kind: ConnectionFailureKind): boolean {
  return (
    isImageError(error, "unavailable") &&
    findConnectionFailure(errorCodeOf(error.cause))?.kind === kind
  );
}
