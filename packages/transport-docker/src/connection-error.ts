import { ImageError, isImageError } from "@drayage/core";

const cutCodes = new Set([
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_SOCKET",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
]);
const unresolvedCodes = new Set(["ENOTFOUND", "EAI_AGAIN"]);
const plainTextCodes = new Set([
  "EPROTO",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
]);
const certificateCode = /CERT|SIGNATURE|^ERR_TLS_/;

/** Why there was no whole answer. @returns ImageError `unavailable` */
export function connectionError(url: URL, cause: unknown, idleTimeout: number): ImageError {
  const code = codeOf(cause);
  const reason = reasonOf(code, idleTimeout) ?? (cause instanceof Error ? cause.message : code);
  return new ImageError("unavailable", `${url.host} ${reason}`, {
    cause,
    retryable: !isLasting(code),
  });
}

/** True for an error of a connection that broke, after which the same request may succeed at once. */
export function isCutOff(error: unknown): boolean {
  return isImageError(error, "unavailable") && cutCodes.has(codeOf(error.cause));
}

/** True where there was a connection and no answer on it. */
export function isUnanswered(error: unknown): boolean {
  return isImageError(error, "unavailable") && codeOf(error.cause) === "UND_ERR_HEADERS_TIMEOUT";
}

function reasonOf(code: string, idleTimeout: number): string | undefined {
  const seconds = `${idleTimeout / 1000} s`;
  if (cutCodes.has(code)) return "closed the connection before the end";
  if (unresolvedCodes.has(code)) return "is not a host name that is known here: check its spelling";
  if (code === "ECONNREFUSED") return "refuses connections: is a registry running there?";
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") return "cannot be reached";
  if (code === "UND_ERR_HEADERS_TIMEOUT") return `did not answer within ${seconds}`;
  if (code === "UND_ERR_BODY_TIMEOUT") return `went silent for ${seconds} in the middle`;
  if (plainTextCodes.has(code)) {
    return `does not speak TLS (${code}); to use plain http set "insecure"`;
  }
  if (certificateCode.test(code)) {
    return `has a certificate that is not trusted (${code}); to connect all the same set "insecure"`;
  }
  return code.startsWith("HPE_") ? "does not speak HTTP: is a registry running there?" : undefined;
}

function isLasting(code: string): boolean {
  return (
    code === "ENOTFOUND" ||
    plainTextCodes.has(code) ||
    certificateCode.test(code) ||
    code.startsWith("HPE_")
  );
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "failed";
}
