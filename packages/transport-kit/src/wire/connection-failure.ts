/** The kind of a connection failure. */
export type ConnectionFailureKind =
  | "closed"
  | "response-timeout"
  | "body-timeout"
  | "too-slow"
  | "no-final-response"
  | "connect-timeout"
  | "unreachable"
  | "refused"
  | "lookup-failed"
  | "unknown-host"
  | "headers-too-large"
  | "not-http"
  | "untrusted"
  | "not-tls"
  | "tls";

/** A failure of a connection. */
export interface ConnectionFailure {
  readonly kind: ConnectionFailureKind;
  /** The behaviour of the server, after its name in a message. */
  readonly reason: string;
  /** Whether another attempt may succeed. */
  readonly retryable: boolean;
}

/** Finds the failure for an error code of Node, OpenSSL, undici or the AWS SDK. */
export function findConnectionFailure(code: string): ConnectionFailure | undefined {
  const found = failures.find(({ codes }) => codes.test(code));
  return found && { kind: found.kind, reason: found.reason, retryable: found.retryable };
}

/** The code of an error, else its name. The HTTP parser of undici sets no code. */
export function errorCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return "Error";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** In order of precedence. */
const failures: readonly (ConnectionFailure & { readonly codes: RegExp })[] = [
  {
    kind: "closed",
    codes:
      /^(?:ECONNRESET|ECONNABORTED|EPIPE|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_(?:SOCKET|PRX_CONN|RES_CONTENT_LENGTH_MISMATCH))$/,
    reason: "closed the connection before the end",
    retryable: true,
  },
  {
    kind: "response-timeout",
    codes: /^UND_ERR_HEADERS_TIMEOUT$/,
    reason: 'did not respond in time (setting "idleTimeout")',
    retryable: true,
  },
  {
    kind: "body-timeout",
    codes: /^UND_ERR_BODY_TIMEOUT$/,
    reason: 'stopped sending in the middle of its response (setting "idleTimeout")',
    retryable: true,
  },
  {
    kind: "too-slow",
    codes: /^ERR_TOO_SLOW$/,
    reason: "sends less than 1 KiB per second",
    retryable: true,
  },
  {
    kind: "no-final-response",
    codes: /^(?:ERR_TOO_MANY_1XX|ERR_NO_FINAL_RESPONSE)$/,
    reason: "sends informational responses (1xx) but no final one",
    retryable: false,
  },
  {
    kind: "connect-timeout",
    codes: /^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT|ESOCKETTIMEDOUT|TimeoutError)$/,
    reason: "cannot be reached; check the network, and that the server is running",
    retryable: true,
  },
  {
    kind: "unreachable",
    codes: /^(?:EHOSTUNREACH|ENETUNREACH)$/,
    reason: "cannot be reached; check the network, and that the server is running",
    retryable: true,
  },
  {
    kind: "refused",
    codes: /^ECONNREFUSED$/,
    reason: "refuses connections; check that the server is running",
    retryable: true,
  },
  {
    kind: "lookup-failed",
    codes: /^EAI_AGAIN$/,
    reason: "cannot be resolved; check the network and the DNS server",
    retryable: true,
  },
  {
    kind: "unknown-host",
    codes: /^ENOTFOUND$/,
    reason:
      "is not found; check its spelling and, if other hosts are not found either, the network",
    retryable: false,
  },
  {
    kind: "headers-too-large",
    codes: /^(?:UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/,
    reason: "sends more than 16 KiB of headers",
    retryable: false,
  },
  {
    kind: "not-http",
    codes: /^(?:HTTPParserError|HPE_)/,
    reason: "does not speak HTTP",
    retryable: false,
  },
  {
    kind: "untrusted",
    codes: /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_CA|ERR_TLS_CERT_)/,
    reason: "has a certificate that is not trusted",
    retryable: false,
  },
  {
    kind: "not-tls",
    codes: /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/,
    reason: "does not speak TLS",
    retryable: false,
  },
  {
    kind: "tls",
    codes: /^(?:EPROTO|ERR_SSL_)/,
    reason: "fails the TLS handshake",
    retryable: false,
  },
];
