import { createHash, createHmac, timingSafeEqual } from "node:crypto";

import { S3Error } from "./s3-error.ts";
import type { S3Request } from "./s3-request.ts";
import type { S3Credentials } from "./s3-settings.ts";
import { parseSignature } from "./signed-request.ts";
import type { SignedRequest } from "./signed-request.ts";

/** The verified signature of a request, with the key for the signatures of its chunks. */
export interface Signature {
  readonly accessKeyId: string;
  /** The SHA-256 of the body in hex, or the kind of payload. */
  readonly payload: string;
  readonly timestamp: string;
  readonly scope: string;
  readonly signingKey: Buffer;
  readonly signature: string;
}

export interface Verifier {
  readonly credentials: readonly S3Credentials[];
  readonly region: string;
  readonly now: () => Date;
}

const maxSkew = 15 * 60 * 1000;

/**
 * Verifies AWS Signature Version 4, in the header or in the query ("Authenticating Requests: Using the Authorization
 * Header", "… Using Query Parameters"). @returns undefined for an unsigned request @throws S3Error
 */
export function verifySignature(request: S3Request, verifier: Verifier): Signature | undefined {
  const signed = parseSignature(request);
  if (signed === undefined) return undefined;
  const { accessKeyId, date, region, scope, timestamp, payload } = signed;
  checkTime(signed, verifier.now());
  checkRegion(region, verifier.region);
  const credentials = verifier.credentials.find((one) => one.accessKeyId === accessKeyId);
  if (credentials === undefined) {
    throw new S3Error(
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
      { details: { AWSAccessKeyId: accessKeyId } },
    );
  }
  checkToken(signed.token, credentials, verifier.now());
  const signingKey = signingKeyOf(credentials.secretAccessKey, date, region);
  checkSignature(request, signed, signingKey);
  return { accessKeyId, payload, timestamp, scope, signingKey, signature: signed.signature };
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function checkTime({ time, timestamp, expires }: SignedRequest, now: Date): void {
  if (expires === undefined) {
    if (Math.abs(now.getTime() - time.getTime()) <= maxSkew) return;
    throw new S3Error(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      {
        details: {
          RequestTime: timestamp,
          ServerTime: now.toISOString(),
          MaxAllowedSkewMilliseconds: maxSkew,
        },
      },
    );
  }
  if (time.getTime() > now.getTime() + maxSkew) {
    throw new S3Error("AccessDenied", "Request is not valid yet");
  }
  const end = new Date(time.getTime() + expires * 1000);
  if (now <= end) return;
  throw new S3Error("AccessDenied", "Request has expired", {
    details: {
      "X-Amz-Expires": expires,
      Expires: end.toISOString(),
      ServerTime: now.toISOString(),
    },
  });
}

function checkRegion(region: string, right: string): void {
  if (region === right) return;
  throw new S3Error(
    "AuthorizationHeaderMalformed",
    `The authorization header is malformed; the region '${region}' is wrong; expecting '${right}'`,
    { details: { Region: right }, headers: { "x-amz-bucket-region": right } },
  );
}

function checkToken(
  token: string | undefined,
  { sessionToken, expiration }: S3Credentials,
  now: Date,
): void {
  if (token !== sessionToken) {
    throw new S3Error("InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  if (expiration === undefined || now < expiration) return;
  throw new S3Error("ExpiredToken", "The provided token has expired.");
}

function checkSignature(
  request: S3Request,
  { signedHeaders, payload, scope, timestamp, signature }: SignedRequest,
  signingKey: Buffer,
): void {
  const canonical = [
    request.method,
    request.path.split("/").map(encoded).join("/"),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${trimmed(request.headers[name] ?? "")}`),
    "",
    signedHeaders.join(";"),
    payload,
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", timestamp, scope, hash].join("\n");
  if (isSame(hmac(signingKey, text).toString("hex"), signature)) return;
  throw new S3Error(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    { details: { StringToSign: text, SignatureProvided: signature, CanonicalRequest: canonical } },
  );
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join("&");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function trimmed(value: string): string {
  return value.trim().replaceAll(/ +/g, " ");
}

function signingKeyOf(secret: string, date: string, region: string): Buffer {
  const parts = [date, region, "s3", "aws4_request"];
  return parts.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}
