import { S3Error } from "./s3-error.ts";
import type { S3Request } from "./s3-request.ts";

/** The unverified signature of a request. */
export interface SignedRequest {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly scope: string;
  readonly timestamp: string;
  readonly time: Date;
  /** Seconds; only for presigned requests. */
  readonly expires: number | undefined;
  readonly token: string | undefined;
  readonly signedHeaders: readonly string[];
  readonly payload: string;
  readonly signature: string;
}

const algorithm = "AWS4-HMAC-SHA256";
const payloads =
  /^(?:[\da-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER|STREAMING-AWS4-HMAC-SHA256-PAYLOAD(?:-TRAILER)?)$/;

/** @throws S3Error if the format differs from that of Amazon S3 */
export function parseSignature(request: S3Request): SignedRequest | undefined {
  const isPresigned = request.query.has("X-Amz-Signature") || request.query.has("X-Amz-Algorithm");
  const { authorization } = request.headers;
  if (isPresigned && authorization !== undefined) {
    throw new S3Error(
      "InvalidArgument",
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
      { details: { ArgumentName: "Authorization" } },
    );
  }
  if (isPresigned) return inQuery(request);
  return authorization === undefined ? undefined : inHeader(request, authorization);
}

function inHeader(request: S3Request, authorization: string): SignedRequest {
  if (!authorization.startsWith(`${algorithm} `)) {
    throw new S3Error(
      "InvalidRequest",
      `The authorization mechanism you have provided is not supported. Please use ${algorithm}.`,
    );
  }
  const fields = new Map(
    authorization
      .slice(algorithm.length + 1)
      .split(",")
      .map((field) => field.trim().split("=", 2) as [string, string]),
  );
  const { headers } = request;
  const payload = headers["x-amz-content-sha256"];
  if (payload === undefined) {
    throw new S3Error(
      "InvalidRequest",
      "Missing required header for this request: x-amz-content-sha256",
    );
  }
  const timestamp = headers["x-amz-date"];
  if (timestamp === undefined || !isTimestamp(timestamp)) {
    throw new S3Error("AccessDenied", "AWS authentication requires a valid x-amz-date header");
  }
  const signed = checked("AuthorizationHeaderMalformed", {
    credential: fields.get("Credential"),
    signedHeaders: fields.get("SignedHeaders"),
    signature: fields.get("Signature"),
    timestamp,
    payload,
  });
  checkSignedHeaders(request, signed.signedHeaders);
  return { ...signed, expires: undefined, token: headers["x-amz-security-token"] };
}

function inQuery(request: S3Request): SignedRequest {
  const { query } = request;
  const given = (name: string): string | undefined => query.get(`X-Amz-${name}`) ?? undefined;
  const expires = Number(given("Expires"));
  const timestamp = given("Date") ?? "";
  const isWhole = Number.isInteger(expires) && isTimestamp(timestamp);
  if (given("Algorithm") !== algorithm || !isWhole) throw incompleteQuery();
  if (expires < 1 || expires > 604_800) {
    throw new S3Error(
      "AuthorizationQueryParametersError",
      "X-Amz-Expires must be between 1 and 604800 seconds",
    );
  }
  const signed = checked("AuthorizationQueryParametersError", {
    credential: given("Credential"),
    signedHeaders: given("SignedHeaders"),
    signature: given("Signature"),
    timestamp,
    payload:
      given("Content-Sha256") ?? request.headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD",
  });
  checkSignedHeaders(request, signed.signedHeaders);
  return { ...signed, expires, token: given("Security-Token") };
}

function incompleteQuery(): S3Error {
  return new S3Error(
    "AuthorizationQueryParametersError",
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
  );
}

interface Fields {
  readonly credential: string | undefined;
  readonly signedHeaders: string | undefined;
  readonly signature: string | undefined;
  readonly timestamp: string;
  readonly payload: string;
}

function checked(
  code: "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError",
  { credential = "", signedHeaders = "", signature = "", timestamp, payload }: Fields,
): Omit<SignedRequest, "expires" | "token"> {
  const [accessKeyId = "", ...scope] = credential.split("/");
  const [date = "", region = "", service, end, ...more] = scope;
  const isScope = service === "s3" && end === "aws4_request" && more.length === 0;
  if (!isScope || !/^[\da-f]{64}$/.test(signature) || date !== timestamp.slice(0, 8)) {
    throw new S3Error(
      code,
      `The authorization is malformed; it must have ACCESSKEY/${timestamp.slice(0, 8)}/REGION/s3/aws4_request, the signed headers and a signature of 64 hex digits.`,
    );
  }
  if (!payloads.test(payload)) {
    throw new S3Error(
      "InvalidArgument",
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value.",
      { details: { ArgumentName: "x-amz-content-sha256", ArgumentValue: payload } },
    );
  }
  const names = signedHeaders.split(";");
  const time = timeOf(timestamp);
  const rest = { timestamp, time, signedHeaders: names, payload, signature };
  return { accessKeyId, date, region, scope: scope.join("/"), ...rest };
}

/** The host and all `x-amz-` headers must be signed. Otherwise a third party could add them. */
function checkSignedHeaders({ headers }: S3Request, signed: readonly string[]): void {
  const needed = Object.keys(headers).filter((name) => name.startsWith("x-amz-"));
  const left = ["host", ...needed].filter((name) => !signed.includes(name));
  if (left.length === 0) return;
  throw new S3Error(
    "AccessDenied",
    "There were headers present in the request which were not signed",
    { details: { HeadersNotSigned: left.join(", ") } },
  );
}

function isTimestamp(text: string): boolean {
  return /^\d{8}T\d{6}Z$/.test(text) && !Number.isNaN(timeOf(text).getTime());
}

function timeOf(timestamp: string): Date {
  const parts = /^(....)(..)(..T..)(..)(..Z)$/.exec(timestamp)?.slice(1) ?? [];
  const [year, month, hour, minute, second] = parts;
  return new Date(`${year}-${month}-${hour}:${minute}:${second}`);
}
