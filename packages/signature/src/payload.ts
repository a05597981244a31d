import { ImageError, isDigest, isImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

/** The claim that a signature makes: an image has a name and a digest (containers-signature.5, "JSON Payload"). */
export interface SignedClaim {
  readonly manifestDigest: Digest;
  /** The name that the signer gives the image. */
  readonly dockerReference: string;
  /** The program that made the signature. */
  readonly creator?: string | undefined;
  /** When it was made, in seconds since 1970. */
  readonly timestamp?: number | undefined;
}

/** The value of `critical.type` for each kind of signature. */
export const claimTypes = {
  simpleSigning: "atomic container signature",
  sigstore: "cosign container image signature",
} as const;

/**
 * Parses the payload of a signature. `critical` has exactly the fields of the format; `optional` may have others.
 * cosign writes `null` for `optional`.
 * @throws ImageError `untrusted`
 */
export function parseClaim(bytes: Uint8Array, type: string): SignedClaim {
  const payload = exactFields(parsed(bytes), "the payload", ["critical", "optional"]);
  const critical = exactFields(payload["critical"], "critical", ["type", "image", "identity"]);
  const image = exactFields(critical["image"], "critical.image", ["docker-manifest-digest"]);
  const identity = exactFields(critical["identity"], "critical.identity", ["docker-reference"]);
  if (critical["type"] !== type) throw invalid(`critical.type is not ${JSON.stringify(type)}`);
  const manifestDigest = image["docker-manifest-digest"];
  if (!isDigest(manifestDigest)) throw invalid("docker-manifest-digest is not a digest");
  const dockerReference = identity["docker-reference"];
  if (typeof dockerReference !== "string") throw invalid("docker-reference is not a text");
  const { optional } = payload;
  const isNull = optional === null && type === claimTypes.sigstore;
  return { manifestDigest, dockerReference, ...(isNull ? {} : optionalFields(optional)) };
}

/** Serializes a claim with sorted keys, as containers/image does. */
export function formatClaim(
  { manifestDigest, dockerReference, creator, timestamp }: SignedClaim,
  type: string,
): Uint8Array {
  const claim = {
    critical: {
      identity: { "docker-reference": dockerReference },
      image: { "docker-manifest-digest": manifestDigest },
      type,
    },
    optional: { creator, timestamp },
  };
  return Buffer.from(JSON.stringify(claim));
}

/** Keys are case-sensitive at all levels. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return parseStrictJSON("payload", bytes, "map");
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    throw new ImageError("untrusted", `Invalid signature: ${cause.message}`, { cause });
  }
}

function exactFields(value: unknown, what: string, names: readonly string[]): JSONObject {
  if (!isJSONObject(value)) throw invalid(`${what} is not a JSON object`);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`${what} has the field ${JSON.stringify(unknown)}`);
  const missing = names.find((name) => value[name] === undefined);
  if (missing !== undefined) throw invalid(`${what} has no ${missing}`);
  return value;
}

function optionalFields(value: unknown): Pick<SignedClaim, "creator" | "timestamp"> {
  if (!isJSONObject(value)) throw invalid("optional is not a JSON object");
  const { creator, timestamp } = value;
  if (creator !== undefined && typeof creator !== "string")
    throw invalid("optional.creator is not a text");
  if (timestamp !== undefined && !Number.isSafeInteger(timestamp))
    throw invalid("optional.timestamp is not an integer");
  return { creator, timestamp: timestamp as number | undefined };
}

function invalid(why: string): ImageError {
  return new ImageError("untrusted", `Invalid signature: ${why}`);
}
