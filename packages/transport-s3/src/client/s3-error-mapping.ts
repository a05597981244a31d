import { oneLine } from "@drayage/transport-kit/wire";

import { connectionMappingOf } from "./connection-mapping.ts";
import type { S3ErrorMapping, S3Failure, S3RequestContext } from "./s3-failure.ts";

/** Maps an error by its code (S3 API reference, "Error responses"), or else by its status. */
export function mappingOf(failure: S3Failure, request: S3RequestContext): S3ErrorMapping {
  const { host = "S3" } = request;
  const named = Object.hasOwn(byName, failure.name) ? byName[failure.name] : undefined;
  const known = connectionMappingOf(failure, host) ?? named?.(failure, request);
  return known ?? byStatus(failure, request);
}

type Mapping = (failure: S3Failure, request: S3RequestContext) => S3ErrorMapping;

const expired: Mapping = () => ({
  code: "denied",
  reason: "the credentials have expired; get new ones",
});

const unknownCredentials: Mapping = ({ name }, { host = "S3" }) => ({
  code: "denied",
  reason: `${host} does not know these credentials (${name}); check the access key and its secret`,
});

const noCredentials: Mapping = ({ message }) => ({
  code: "denied",
  reason: `no credentials were found (${oneLine(message)}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has some`,
});

/** AWS returns 403 instead of 404 without `s3:ListBucket`. Its message names a missing permission for a KMS key. */
const denied: Mapping = ({ message }, { action, bucket, isAnonymous }) => {
  if (isAnonymous) {
    const reason = `the bucket does not allow anonymous s3:${action}; use credentials`;
    return { code: "denied", reason };
  }
  const [, keyAction] = /perform: (kms:\w+)/.exec(message) ?? [];
  if (keyAction !== undefined) {
    const reason = `the credentials do not allow ${keyAction} for its encryption key`;
    return { code: "denied", reason };
  }
  const orAbsent = `, or the object does not exist (S3 reports that only with s3:ListBucket for ${bucket})`;
  const reason = `the credentials do not allow s3:${action} there`;
  return { code: "denied", reason: action === "GetObject" ? reason + orAbsent : reason };
};

const noBucket: Mapping = (_, { bucket, host = "S3" }) => ({
  code: "not-found",
  reason: `${host} has no bucket ${bucket}; create it, or check its name and the endpoint`,
});

const wrongRegion: Mapping = (failure) => {
  const region = failure.headers["x-amz-bucket-region"];
  const advice =
    region === undefined ? ` (${responseText(failure)})` : `: set the region ${region}`;
  return {
    code: "unavailable",
    reason: `the bucket is in another region${advice}`,
    retryable: false,
  };
};

/** The SDK corrects its clock offset from the error response, so a retry may succeed. */
const wrongClock: Mapping = ({ headers: { date = "" } }) => {
  const minutes = Math.round((Date.now() - Date.parse(date)) / 60_000);
  const offset = `, ${Math.abs(minutes)} minutes ${minutes > 0 ? "fast" : "slow"},`;
  return {
    code: "denied",
    reason: `the clock of this machine${minutes ? offset : ""} is wrong; correct it`,
    retryable: true,
  };
};

const busy: Mapping = ({ name }, { host = "S3" }) => ({
  code: "unavailable",
  reason: `${host} is busy (${name}); try again later, or with fewer requests at once`,
});

const damaged: Mapping = ({ name }, { host = "S3" }) => ({
  code: "unavailable",
  reason: `${host} received different bytes than were sent (${name})`,
});

const archived: Mapping = () => ({
  code: "unavailable",
  reason: "it is in an archival storage class; restore it first, or use another storage class",
  retryable: false,
});

const transient: Mapping = (failure, { host = "S3" }) => ({
  code: "unavailable",
  reason: `${host} answered ${responseText(failure)}; try again later`,
});

const byName: Readonly<Record<string, Mapping>> = {
  AccessDenied: denied,
  AuthorizationHeaderMalformed: wrongRegion,
  BadDigest: damaged,
  CredentialsProviderError: noCredentials,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  IllegalLocationConstraintException: wrongRegion,
  IncompleteBody: damaged,
  InternalError: transient,
  InvalidAccessKeyId: unknownCredentials,
  InvalidDigest: damaged,
  InvalidObjectState: archived,
  InvalidToken: unknownCredentials,
  NoSuchBucket: noBucket,
  OperationAborted: transient,
  PermanentRedirect: wrongRegion,
  RequestTimeTooSkewed: wrongClock,
  RequestTimeout: transient,
  SignatureDoesNotMatch: unknownCredentials,
  SlowDown: busy,
  Throttling: busy,
  ThrottlingException: busy,
  TokenProviderError: noCredentials,
  TokenRefreshRequired: expired,
  TooManyRequests: busy,
  XAmzContentSHA256Mismatch: damaged,
};

const transientStatuses = new Set([408, 429, 500, 502, 503, 504]);

function byStatus(failure: S3Failure, request: S3RequestContext): S3ErrorMapping {
  const { status, name, message } = failure;
  const { host = "S3" } = request;
  if (status === undefined)
    return { code: "unavailable", reason: oneLine(message), retryable: false };
  if (status === 407)
    return { code: "denied", reason: `${host}: the proxy needs other credentials` };
  if (status === 301) return wrongRegion(failure, request);
  if (status === 401 || status === 403) return denied(failure, request);
  if (status === 404) return { code: "not-found", reason: `there is no such object (${name})` };
  // The response to a HEAD has no body with an error code.
  const isUnclear = status === 400 && name === "Unknown";
  if (status < 300 && isUnreadable(message)) {
    const reason = `${host} answered ${status} with an invalid S3 response; check that the endpoint is an S3 store`;
    return { code: "unsupported", reason };
  }
  if (transientStatuses.has(status) || isUnclear) return transient(failure, request);
  return { code: "unsupported", reason: `${host} answered ${responseText(failure)}` };
}

function responseText({ name, status, message }: S3Failure): string {
  if (isUnreadable(message)) return `${status ?? ""} with an invalid S3 response`;
  const detail = message === "UnknownError" || message === "" ? "" : `: ${message}`;
  return oneLine(`${status ?? ""} ${name}${detail}`);
}

/** The SDK adds this text to every error of its parser. */
function isUnreadable(message: string): boolean {
  return message.includes("Deserialization error: to see the raw response");
}
