import { expect, test } from "vitest";

import { mappingOf } from "../../src/client/s3-error-mapping.ts";
import type { S3Failure } from "../../src/client/s3-failure.ts";

const context = {
  action: "GetObject",
  bucket: "images",
  key: "a",
  host: "s3.example.com",
  isAnonymous: false,
};

test.each<[Partial<S3Failure>, string, boolean | undefined, RegExp]>([
  [{ name: "NoSuchBucket", status: 404 }, "not-found", undefined, /has no bucket images/],
  [
    { name: "AccessDenied", status: 403 },
    "denied",
    undefined,
    /not allow s3:GetObject there, or the object does not exist/,
  ],
  [
    {
      name: "AccessDenied",
      status: 403,
      message: "User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on resource",
    },
    "denied",
    undefined,
    /not allow kms:Decrypt for its encryption key/,
  ],
  [
    { name: "PermanentRedirect", status: 301, headers: { "x-amz-bucket-region": "eu-west-1" } },
    "unavailable",
    false,
    /set the region eu-west-1/,
  ],
  [
    { name: "IllegalLocationConstraintException", status: 400, message: "me-south-1 is not here" },
    "unavailable",
    false,
    /in another region.*me-south-1/,
  ],
  [{ name: "InvalidObjectState", status: 403 }, "unavailable", false, /restore it first/],
  [{ name: "ExpiredToken", status: 400 }, "denied", undefined, /have expired; get new ones/],
  [
    { name: "CredentialsProviderError", message: "The SSO session has expired" },
    "denied",
    undefined,
    /The SSO session has expired/,
  ],
  [{ name: "SlowDown", status: 503 }, "unavailable", undefined, /is busy.*fewer requests at once/],
  [{ name: "Unknown", status: 407 }, "denied", undefined, /proxy needs other credentials/],
  [{ name: "constructor", status: 503 }, "unavailable", undefined, /try again later/],
  [{ name: "__proto__", status: 502 }, "unavailable", undefined, /try again later/],
  [{ name: "Unknown", status: 502 }, "unavailable", undefined, /try again later/],
  [{ name: "MethodNotAllowed", status: 405 }, "unsupported", undefined, /405 MethodNotAllowed/],
  [
    { name: "Error", code: "ENOTFOUND" },
    "unavailable",
    false,
    /s3\.example\.com is not the name of a host/,
  ],
])("%j is mapped to %s", (failure, code, retryable, words) => {
  const defaults = { name: "", message: "", code: undefined, status: undefined, headers: {} };
  const mapping = mappingOf({ ...defaults, ...failure }, context);
  expect([mapping.code, mapping.retryable]).toEqual([code, retryable]);
  expect(mapping.reason).toMatch(words);
});

test("text of a server is one short line in messages", () => {
  const message = `one\ntwo\u001b[31m${"x".repeat(1000)}`;
  const failure = { name: "Odd", message, code: undefined, status: 400, headers: {} };
  const { reason } = mappingOf(failure, context);
  expect(reason).toMatch(/^s3\.example\.com answered 400 Odd: one two \[31mx+…$/);
  expect(reason.length).toBeLessThan(400);
});
