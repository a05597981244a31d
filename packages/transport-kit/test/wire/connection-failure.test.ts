import { expect, test } from "vitest";

import { errorCodeOf, findConnectionFailure } from "../../src/wire/connection-failure.ts";

test.each([
  ["ECONNRESET", "closed", true],
  ["UND_ERR_PRX_CONN", "closed", true],
  ["UND_ERR_HEADERS_TIMEOUT", "response-timeout", true],
  ["UND_ERR_BODY_TIMEOUT", "body-timeout", true],
  ["ERR_TOO_SLOW", "too-slow", true],
  ["ERR_NO_FINAL_RESPONSE", "no-final-response", false],
  ["TimeoutError", "connect-timeout", true],
  ["ENETUNREACH", "unreachable", true],
  ["ECONNREFUSED", "refused", true],
  ["EAI_AGAIN", "lookup-failed", true],
  ["ENOTFOUND", "unknown-host", false],
  ["HPE_HEADER_OVERFLOW", "headers-too-large", false],
  ["HPE_INVALID_CONSTANT", "not-http", false],
  ["SELF_SIGNED_CERT_IN_CHAIN", "untrusted", false],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "not-tls", false],
  ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "tls", false],
])("%s is the failure %s, retryable: %s", (code, kind, retryable) => {
  expect(findConnectionFailure(code)).toMatchObject({ kind, retryable });
});

test("another code is not a connection failure", () => {
  expect(findConnectionFailure("ENOSPC")).toBeUndefined();
});

test("an error without a code has its name as its code", () => {
  expect(errorCodeOf(new RangeError("far"))).toBe("RangeError");
  expect(errorCodeOf(Object.assign(new Error("gone"), { code: "EPIPE" }))).toBe("EPIPE");
  expect(errorCodeOf("text")).toBe("Error");
});
