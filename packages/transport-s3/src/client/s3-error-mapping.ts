import { oneLine } from "@drayage/transport-kit/wire";

import { connectionMappingOf } from "./connection-mapping.ts";
import type { S3ErrorMapping, S3Failure, S3RequestContext } from "./s3-failure.ts";

/** Maps an error by the error code of S3 ("Error responses" in its API reference), else by the status. */
export function mappingOf(failure: S3Failure, request: S3RequestContext): S3ErrorMapping {
  const { host = "S3" } = request;
  const named = Object.hasOwn(byName, failure.name) ? byName[failure.name] : undefined;
  const known = connectionMappingOf(failure, host) ?? named?.(failure, request);
  return known ?? byStatus(failure, request);
}

type Mapping = (failure: S3Failure, request: S3RequestContext) => S3ErrorMapping;

const expired: Mapping = () => ({
  code: "denied",
  why: "the credentials have expired; get new ones",
});

const unknownCredentials: Mapping = ({ name }, { host = "S3" }) => ({
  code: "denied",
  why: `${host} does not know these credentials (${name}); check the access key and its secret`,
});

const noCredentials: Mapping = ({ message }) => ({
  code: "denied",
  why: `no credentials were found (${oneLine(message)}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has some`,
});

/** AWS says 403 instead of 404 to whoever may not list a bucket, and names the right to a key of KMS where that is what is missing. */
const denied: Mapping = ({ message }, { action, bucket, isAnonymous }) => {
  if (isAnonymous) {
    const why = `not everybody may s3:${action} there: ask with credentials`;
    return { code: "denied", why };
  }
  const [, ofKey] = /perform: (kms:\w+)/.exec(message) ?? [];
  if (ofKey !== undefined) {
    const why = `the credentials do not allow ${ofKey} with the key that encrypts it`;
    return { code: "denied", why };
  }
  const perhaps = `, or there is no such object: only who may s3:ListBucket ${bucket} is told that`;
  const why = `the credentials do not allow s3:${action} there`;
  return { code: "denied", why: action === "GetObject" ? why + perhaps : why };
};

const noBucket: Mapping = (_, { bucket, host = "S3" }) => ({
  code: "not-found",
  why: `${host} has no bucket ${bucket}; make it first, or check its name and the endpoint`,
});

const wrongRegion: Mapping = (failure) => {
  const region = failure.headers["x-amz-bucket-region"];
  const advice = region === undefined ? ` (${saidBy(failure)})` : `: set the region ${region}`;
  return {
    code: "unavailable",
    why: `the bucket is in another region${advice}`,
    retryable: false,
  };
};

/** The SDK makes up for it with the next request, as long as it is a matter of the clock. */
const wrongClock: Mapping = ({ headers: { date = "" } }) => {
  const minutes = Math.round((Date.now() - Date.parse(date)) / 60_000);
  const offset = `, ${Math.abs(minutes)} minutes ${minutes > 0 ? "fast" : "slow"},`;
  return {
    code: "denied",
    why: `the clock of this machine${minutes ? offset : ""} is wrong; set it`,
    retryable: true,
  };
};

const busy: Mapping = ({ name }, { host = "S3" }) => ({
  code: "unavailable",
  why: `${host} is busy (${name}); try again later, or with fewer at once`,
});

const damaged: Mapping = ({ name }, { host = "S3" }) => ({
  code: "unavailable",
  why: `${host} received other bytes than were sent (${name})`,
});

const archived: Mapping = () => ({
  code: "unavailable",
  why: "it lies in an archive of the store: restore it first, or let its storage class be another",
  retryable: false,
});

const passing: Mapping = (failure, { host = "S3" }) => ({
  code: "unavailable",
  why: `${host} answered ${saidBy(failure)}; try again later`,
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
  InternalError: passing,
  InvalidAccessKeyId: unknownCredentials,
  InvalidDigest: damaged,
  InvalidObjectState: archived,
  InvalidToken: unknownCredentials,
  NoSuchBucket: noBucket,
  OperationAborted: passing,
  PermanentRedirect: wrongRegion,
  RequestTimeTooSkewed: wrongClock,
  RequestTimeout: passing,
  SignatureDoesNotMatch: unknownCredentials,
  SlowDown: busy,
  Throttling: busy,
  ThrottlingException: busy,
  TokenProviderError: noCredentials,
  TokenRefreshRequired: expired,
  TooManyRequests: busy,
  XAmzContentSHA256Mismatch: damaged,
};

const passingStatuses = new Set([408, 429, 500, 502, 503, 504]);

function byStatus(failure: S3Failure, request: S3RequestContext): S3ErrorMapping {
  const { status, name, message } = failure;
  const { host = "S3" } = request;
  if (status === undefined) return { code: "unavailable", why: oneLine(message), retryable: false };
  if (status === 407) return { code: "denied", why: `${host}: the proxy needs other credentials` };
  if (status === 301) return wrongRegion(failure, request);
  if (status === 401 || status === 403) return denied(failure, request);
  if (status === 404) return { code: "not-found", why: `there is no such object (${name})` };
  // The answer to a HEAD has no body to say more.
  const isUnclear = status === 400 && name === "Unknown";
  if (status < 300 && isUnreadable(message)) {
    const why = `${host} answered ${status} with what is no answer of S3: check that the endpoint is that of an S3 store`;
    return { code: "unsupported", why };
  }
  if (passingStatuses.has(status) || isUnclear) return passing(failure, request);
  return { code: "unsupported", why: `${host} answered ${saidBy(failure)}` };
}

function saidBy({ name, status, message }: S3Failure): string {
  if (isUnreadable(message)) return `${status ?? ""} with what is no answer of S3`;
  const words = message === "UnknownError" || message === "" ? "" : `: ${message}`;
  return oneLine(`${status ?? ""} ${name}${words}`);
}

/** The SDK adds this to whatever its parser threw, a RangeError or a TypeError too. */
function isUnreadable(message: string): boolean {
  return message.includes("Deserialization error: to see the raw response");
}
