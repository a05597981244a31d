import type { S3Failure, S3ErrorMapping } from "./s3-failure.ts";

interface Problem {
  /** Of Node, OpenSSL and the SDK. */
  readonly codes: RegExp;
  /** Behind the name of the host. */
  readonly why: string;
  readonly retryable: boolean;
}

const problems: readonly Problem[] = [
  {
    codes: /^(?:ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE|ECONNABORTED)$/,
    why: "closed the connection before the end",
    retryable: true,
  },
  {
    codes: /^(?:TimeoutError|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ESOCKETTIMEDOUT)$/,
    why: "cannot be reached, or fell silent",
    retryable: true,
  },
  {
    codes: /^ECONNREFUSED$/,
    why: "refuses connections: is it running there?",
    retryable: true,
  },
  { codes: /^EAI_AGAIN$/, why: "cannot be looked up: is there a network?", retryable: true },
  {
    codes: /^ENOTFOUND$/,
    why: "is not the name of any host: check the endpoint and the region",
    retryable: false,
  },
  {
    codes: /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|ERR_TLS_CERT_)/,
    why: "has a certificate that is not trusted",
    retryable: false,
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_)/,
    why: "does not agree with us on TLS: is the endpoint https?",
    retryable: false,
  },
  {
    codes: /^ERR_TOO_SLOW$/,
    why: "sends less than 1 KiB a second",
    retryable: true,
  },
  {
    codes: /^ERR_PROXY_NO_TUNNEL$/,
    why: "is not reached: the proxy accepts CONNECT, then answers in place of the store; check the proxy, or add the host to NO_PROXY",
    retryable: false,
  },
  {
    codes: /^ERR_NO_FINAL_RESPONSE$/,
    why: "announces a response (1xx) and does not send it: is the endpoint right?",
    retryable: false,
  },
  {
    codes: /^HPE_HEADER_OVERFLOW$/,
    why: "sends more headers than are read, which is 16 KiB",
    retryable: false,
  },
  { codes: /^HPE_/, why: "does not speak HTTP: is the endpoint right?", retryable: false },
];

/** Why there was no answer, or not all of it; undefined where that was not the connection's fault. */
export function connectionProblemOf(
  { name, code = name }: Pick<S3Failure, "name" | "code">,
  host: string,
): S3ErrorMapping | undefined {
  const [, status] = /^ERR_PROXY_ANSWER_(\d+)$/.exec(code) ?? [];
  if (status !== undefined) return proxyProblem(Number(status), host);
  const problem = problems.find(({ codes }) => codes.test(code));
  if (problem === undefined) return undefined;
  const { why, retryable } = problem;
  return { code: "unavailable", why: `${host} ${why} (${code})`, retryable };
}

function proxyProblem(status: number, host: string): S3ErrorMapping {
  if (status === 407) return { code: "denied", why: `${host}: the proxy wants other credentials` };
  const why = `${host} is not reached: the proxy answered ${status} to CONNECT; check the proxy, or add the host to NO_PROXY`;
  return { code: "unavailable", why, retryable: status >= 500 };
}
