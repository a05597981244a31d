import { ImageError, isImageError } from "@drayage/core";

interface Failure {
  readonly kind: "cut" | "unanswered" | "unresolved" | "mistrusted" | "disagreeing" | "other";
  /** Of errors of Node, OpenSSL and undici. */
  readonly codes: RegExp;
  /** After the name of the host; `{insecure}` stands for what to do. */
  readonly reason: string;
  readonly retryable: boolean;
}

const failures: readonly Failure[] = [
  {
    kind: "cut",
    codes:
      /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_PRX_CONN|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
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
    codes: /^ERR_TOO_SLOW$/,
    reason: "sends less than 1 KiB a second",
    retryable: true,
  },
  {
    kind: "other",
    codes: /^ERR_TOO_MANY_1XX$/,
    reason: "announces its answer again and again, and does not give it",
    retryable: false,
  },
  {
    kind: "other",
    codes: /^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
    reason: "cannot be reached: check the network, and that it is running",
    retryable: true,
  },
  {
    kind: "other",
    codes: /^ECONNREFUSED$/,
    reason: "refuses connections: is it running there?",
    retryable: true,
  },
  {
    kind: "unresolved",
    codes: /^EAI_AGAIN$/,
    reason: "cannot be looked up: check the network and the name server",
    retryable: true,
  },
  {
    kind: "other",
    codes: /^ENOTFOUND$/,
    reason:
      "is not found: check its spelling and, if other hosts are not found either, the network",
    retryable: false,
  },
  {
    kind: "other",
    codes: /^(?:UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/,
    reason: "sends more headers than are read, which is 16 KiB",
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
    reason: "has a certificate that is not trusted; to connect anyway, {insecure}",
    retryable: false,
  },
  {
    kind: "other",
    codes: /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/,
    reason: "does not speak TLS; to use plain http, {insecure}",
    retryable: false,
  },
  {
    kind: "disagreeing",
    codes: /^(?:EPROTO|ERR_SSL_)/,
    reason: "does not agree with us on TLS",
    retryable: false,
  },
];

interface ConnectionCircumstances {
  readonly proxy?: URL | undefined;
  /** The image that was asked for. */
  readonly reference?: string | undefined;
  /** What to do to connect anyway, in the words of the program. */
  readonly insecure?: string | undefined;
}

/** Why there was no whole answer, perhaps because of a proxy. @returns ImageError `unavailable` */
export function connectionError(
  url: URL,
  cause: unknown,
  { proxy, reference, insecure = 'set "insecure"' }: ConnectionCircumstances = {},
): ImageError {
  const code = codeOf(cause);
  const failure = (proxy && proxyFailureOf(cause)) ?? failureOf(cause);
  const isUnresolvable = code === "ENOTFOUND" && proxy === undefined && isOurSpelling(url);
  const { reason, retryable } = isUnresolvable
    ? { reason: "cannot be looked up: check the network and the name server", retryable: false }
    : (failure ?? { reason: String(cause), retryable: false });
  const who = subjectOf(url, proxy, code);
  const message = `${who} ${reason.replace("{insecure}", () => insecure)} (${code})`;
  return new ImageError("unavailable", message, { cause, retryable, reference });
}

/** The host behind names without a host, which no one misspelled. */
function isOurSpelling({ hostname }: URL): boolean {
  return hostname === "registry-1.docker.io";
}

/** Behind a proxy nobody but the proxy itself is connected to. */
function subjectOf({ host }: URL, proxy: URL | undefined, code: string): string {
  if (proxy === undefined) return host;
  return ofConnecting.test(code)
    ? `The proxy ${proxy.host}, by way of which ${host} is asked,`
    : `${host}, by way of the proxy ${proxy.host},`;
}

const ofConnecting =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|UND_ERR_PRX_CONN)$/;

/** undici tells the status in words only. */
function proxyFailureOf(cause: unknown): Pick<Failure, "reason" | "retryable"> | undefined {
  const [, status] =
    /^Proxy\b.*\((\d{3})\)/.exec(cause instanceof Error ? cause.message : "") ?? [];
  if (status === undefined) return undefined;
  const advice = status === "407" ? ": it wants a user and a password in the URL of the proxy" : "";
  const reason = `is not reached: the proxy answers ${status}${advice}`;
  return { reason, retryable: Number(status) >= 500 };
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

/** True where a server speaks TLS, whatever else is wrong. */
export function isFromTLS(error: unknown): boolean {
  return isMistrusted(error) || isFailure(error, "disagreeing");
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
