import type { IdentityMatch } from "./identity-match.ts";
import { parseRequirement } from "./parse-requirement.ts";
import type { PolicyRequirement } from "./policy.ts";

/** Settings of `signedBy`, with the names of policy.json. Exactly one of the keys is given. */
export interface SignedBySettings {
  /** A keyring of public keys, binary or armored. */
  readonly keyPath?: string;
  readonly keyPaths?: readonly string[];
  /** The content of a keyring, as bytes or in base64. */
  readonly keyData?: Uint8Array | string;
  /** Default: `matchRepoDigestOrExact`. */
  readonly signedIdentity?: IdentityMatch;
}

/** Settings of `sigstoreSigned`, with the names of policy.json. Exactly one of the keys, `fulcio` or `pki` is given. */
export interface SigstoreSignedSettings {
  /** A file with a public key in PEM. */
  readonly keyPath?: string;
  readonly keyPaths?: readonly string[];
  /** The content of a key file, as bytes or in base64. */
  readonly keyData?: Uint8Array | string;
  readonly keyDatas?: readonly (Uint8Array | string)[];
  readonly fulcio?: {
    /** A file with the certificates of Fulcio in PEM. */
    readonly caPath?: string;
    readonly caData?: Uint8Array | string;
    readonly oidcIssuer: string;
    readonly subjectEmail: string;
  };
  readonly pki?: {
    /** A file with root certificates in PEM. */
    readonly caRootsPath?: string;
    readonly caRootsData?: Uint8Array | string;
    readonly caIntermediatesPath?: string;
    readonly caIntermediatesData?: Uint8Array | string;
    readonly subjectEmail?: string;
    readonly subjectHostname?: string;
  };
  /** A file with the public key of the Rekor log that must contain the signature. Required with `fulcio`. */
  readonly rekorPublicKeyPath?: string;
  readonly rekorPublicKeyPaths?: readonly string[];
  readonly rekorPublicKeyData?: Uint8Array | string;
  readonly rekorPublicKeyDatas?: readonly (Uint8Array | string)[];
  /** Default: `matchRepoDigestOrExact`. */
  readonly signedIdentity?: IdentityMatch;
}

/** Requires a simple signature by a key of a keyring. @throws ImageError `untrusted` for contradictory settings */
export function signedBy(settings: SignedBySettings): PolicyRequirement {
  return parseRequirement(
    { type: "signedBy", keyType: "GPGKeys", ...jsonOf(settings) },
    "signedBy",
  );
}

/** Requires a sigstore signature. @throws ImageError `untrusted` for contradictory settings */
export function sigstoreSigned(settings: SigstoreSignedSettings): PolicyRequirement {
  return parseRequirement({ type: "sigstoreSigned", ...jsonOf(settings) }, "sigstoreSigned");
}

/** The settings as in policy.json, with bytes in base64. */
function jsonOf(settings: object): object {
  const fields = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields.map(([name, value]) => [name, jsonValueOf(value)]));
}

function jsonValueOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(jsonValueOf);
  return typeof value === "object" && value !== null ? jsonOf(value) : value;
}
