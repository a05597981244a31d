import type { ImageErrorCode } from "@drayage/core";

interface Problem {
  /** Of Node, OpenSSL and the SDK. */
  readonly codes: RegExp;
  /** With HOST for the host. */
  readonly why: string;
  readonly retryable: boolean;
}

const problems: readonly Problem[] = [
  {
    codes: /^(?:ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE|ECONNABORTED)$/,
    why: "HOST closed the connection before the end",
    retryable: true,
  },
  {
    codes: /^(?:TimeoutError|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ESOCKETTIMEDOUT)$/,
    why: "HOST cannot be reached, or fell silent",
    retryable: true,
  },
  {
    codes: /^ECONNREFUSED$/,
    why: "HOST refuses connections: is it running there?",
    retryable: true,
  },
  { codes: /^EAI_AGAIN$/, why: "HOST cannot be looked up: is there a network?", retryable: true },
  {
    codes: /^ENOTFOUND$/,
    why: "HOST is not the name of any host: check the endpoint and the region",
    retryable: false,
  },
  {
    codes: /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|ERR_TLS_CERT_)/,
    why: "HOST has a certificate that is not trusted",
    retryable: false,
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_)/,
    why: "HOST does not agree with us on TLS: is the endpoint https?",
    retryable: false,
  },
  { codes: /^HPE_/, why: "HOST does not speak HTTP: is the endpoint right?", retryable: false },
];

/** Why there was no answer; undefined where that was not the connection's fault. */
export function connectionProblemOf({
  name,
  code = name,
}: {
  readonly name: string;
  readonly code: string | undefined;
}):
  | { readonly code: ImageErrorCode; readonly why: string; readonly retryable: boolean }
  | undefined {
  const problem = problems.find(({ codes }) => codes.test(code));
  if (problem === undefined) return undefined;
  return { code: "unavailable", why: `${problem.why} (${code})`, retryable: problem.retryable };
}
