import { createHash, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError, isImageError } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

import { decodedBase64 } from "./base64.ts";
import { certificateOrKeyBytes } from "./pem.ts";

/** What a log entry must contain. */
export interface LoggedSignature {
  /** The DER bytes of the public key or the certificate. */
  readonly signer: Uint8Array;
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
}

/**
 * Verifies the promise of a Rekor log to contain a signature (cosign's `bundle` annotation): the signature of the log,
 * and that its entry is about this signature. Returns when the log recorded it.
 * @throws ImageError `untrusted`
 */
export function recordedAt(
  text: string,
  logKeys: readonly KeyObject[],
  expected: LoggedSignature,
): Date {
  const bundle = exactFields(parsed(text, "map"), "", ["SignedEntryTimestamp", "Payload"]);
  const entry = exactFields(bundle["Payload"], "Payload", [
    "body",
    "integratedTime",
    "logID",
    "logIndex",
  ]);
  const { body, integratedTime, logID, logIndex } = entry;
  if (!isInteger(integratedTime) || !isInteger(logIndex) || typeof logID !== "string")
    throw invalid("Payload has fields of another type");
  const promise = base64In(bundle, "SignedEntryTimestamp");
  // The canonical form of RFC 8785, for these types of fields.
  const signed = Buffer.from(JSON.stringify({ body, integratedTime, logID, logIndex }));
  if (!logKeys.some((key) => isPromiseOf(key, signed, promise)))
    throw invalid("it is not signed by the log of the policy");
  checkBody(base64In(entry, "body"), expected);
  return new Date(integratedTime * 1000);
}

function isPromiseOf(key: KeyObject, signed: Uint8Array, promise: Uint8Array): boolean {
  return key.asymmetricKeyType === "ec" && verify("sha256", signed, key, promise);
}

/** Checks the record of type `hashedrekord` (Rekor, pkg/types/hashedrekord/v0.0.1). */
function checkBody(bytes: Uint8Array, { signer, signature, payload }: LoggedSignature): void {
  const { apiVersion, kind, spec } = objectOf(parsed(Buffer.from(bytes).toString()), "body");
  if (kind !== "hashedrekord" || apiVersion !== "0.0.1")
    throw invalid("its body is not a hashedrekord of version 0.0.1");
  const { data, signature: logged } = objectOf(spec, "body.spec");
  const { publicKey, ...content } = objectOf(logged, "body.spec.signature");
  const key = base64In(objectOf(publicKey, "body.spec.signature.publicKey"), "content");
  if (!isEqual(certificateOrKeyBytes(key), signer)) throw invalid("it is about another key");
  if (!isEqual(base64In(content, "content"), signature))
    throw invalid("it is about another signature");
  const { algorithm, value } = objectOf(objectOf(data, "body.spec.data")["hash"], "data.hash");
  const hash = createHash("sha256").update(payload).digest("hex");
  if (algorithm !== "sha256" || value !== hash) throw invalid("it is about another payload");
}

function parsed(text: string, shape?: "map"): unknown {
  try {
    return parseStrictJSON("log entry", Buffer.from(text), shape);
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    throw invalid(cause.message, cause);
  }
}

function objectOf(value: unknown, what: string): JSONObject {
  if (isJSONObject(value)) return value;
  throw invalid(`${what} is not a JSON object`);
}

function exactFields(value: unknown, what: string, names: readonly string[]): JSONObject {
  const object = objectOf(value, what);
  const actual = Object.keys(object).toSorted().join(", ");
  if (actual === names.toSorted().join(", ")) return object;
  throw invalid(`${what} must have the fields ${names.join(", ")}`);
}

function base64In(object: JSONObject, name: string): Buffer {
  const bytes = decodedBase64(object[name]);
  if (bytes === undefined) throw invalid(`${name} is not base64`);
  return bytes;
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

function invalid(why: string, cause?: unknown): ImageError {
  return new ImageError("untrusted", `Invalid Rekor log entry: ${why}`, { cause });
}
