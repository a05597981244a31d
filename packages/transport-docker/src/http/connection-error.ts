import { ImageError, isImageError } from "@drayage/core";

interface Failure {
  readonly kind: "cut" | "unanswered" | "unresolved" | "mistrusted" | "other";
  /** Of errors of Node, OpenSSL and undici. */
  readonly codes: RegExp;
  /** After the name of the host. */
  readonly reason: string;
  readonly retryable: boolean;
}

const failures: readonly Failure[] = [
  {
    kind: "cut",
    codes: /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
    reason: "closed the connection before the end",
    retryable: true,
  },
  {
    kind: "unanswered",
    codes: /^UND_ERR_HEADERS_TIMEOUT$/,
    reason: 'took too long to answer (the setting "idleTimeout")',
    retryable: true,
  },
  {
    kind: "other",
    codes: /^UND_ERR_BODY_TIMEOUT$/,
    reason: 'fell silent in the middle of its answer (the setting "idleTimeout")',
    retryable: true,
  },
  {
    kind: "other",
    codes: /^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
    reason: "cannot be reached",
    retryable: true,
  },
  {
    kind: "other",
    codes: /^ECONNREFUSED$/,
    reason: "refuses connections: is a registry running there?",
    retryable: true,
  },
  {
    kind: "unresolved",
    codes: /^EAI_AGAIN$/,
    reason: "cannot be looked up: is there a network?",
    retryable: true,
  },
  {
    kind: "other",
    codes: /^ENOTFOUND$/,
    reason: "is not the name of any host: check its spelling",
    retryable: false,
  },
  {
    kind: "other",
    codes: /^(?:HTTPParserError|HPE_)/,
    reason: "does not speak HTTP: is a registry running there?",
    retryable: false,
  },
  {
    kind: "mistrusted",
    codes: /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_CA|ERR_TLS_CERT_)/,
    reason: 'has a certificate that is not trusted; to connect all the same set "insecure"',
    retryable: false,
  },
  {
    kind: "other",
    codes: /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/,
    reason: 'does not speak TLS; to use plain http set "insecure"',
    retryable: false,
  },
  {
    kind: "other",
    codes: /^(?:EPROTO|ERR_SSL_)/,
    reason: "does not agree with us on TLS",
    retryable: false,
  },
];

/** Why there was no whole answer, perhaps because of a proxy. @returns ImageError `unavailable` */
export function connectionError(url: URL, cause: unknown, proxy?: URL): ImageError {
  const code = codeOf(cause);
  const { reason, retryable } = failureOf(cause) ?? { reason: String(cause), retryable: false };
  const host = proxy === undefined ? url.host : `${url.host}, by way of the proxy ${proxy.host},`;
  return new ImageError("unavailable", `${host} ${reason} (${code})`, { cause, retryable });
}

/**
 * True for what may pass even where a host never answered. One that refuses connections, or cannot be reached, from the
 * start on is more likely not the right one.
 */
export function isWorthWaitingFor(error: unknown): boolean {
  return isFailure(error, "cut") || isFailure(error, "unresolved");
}

/** True where there was a connection and no answer on it. */
export function isUnanswered(error: unknown): boolean {
  return isFailure(error, "unanswered");
}

/** True where a server speaks TLS, as somebody who is not trusted. */
export function isMistrusted(error: unknown): boolean {
  return isFailure(error, "mistrusted");
}

function isFailure(error: unknown, kind: Failure["kind"]): boolean {
  return isImageError(error, "unavailable") && failureOf(error.cause)?.kind === kind;
}

function failureOf(cause: unknown): Failure | undefined {
  return failures.find(({ codes }) => codes.test(codeOf(cause)));
}

/** undici's parser leaves the code out of its errors. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "Error";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
