import type { IdentityMatch } from "./identity-match.ts";

/** Which images may be used (containers-policy.json(5)). Immutable. */
export interface Policy {
  /** Applies to images without a more specific scope. Never empty. */
  readonly default: readonly PolicyRequirement[];
  /** The requirements by the name of a transport, then by scope. `""` is the scope of the whole transport. */
  readonly transports: ReadonlyMap<string, PolicyScopes>;
}

/** The requirements of one transport by scope. The requirements of a scope are never empty. */
export type PolicyScopes = ReadonlyMap<string, readonly PolicyRequirement[]>;

/** One condition of a scope. An image must meet all of them, each with any of its signatures. */
export type PolicyRequirement =
  | { readonly type: "insecureAcceptAnything" }
  | { readonly type: "reject" }
  | SignedBy
  | SigstoreSigned
  | SignedBaseLayer;

/** Requires a simple signature by one of the keys. */
export interface SignedBy {
  readonly type: "signedBy";
  /** Only `GPGKeys` is implemented. The others are valid in a policy, and reject every image. */
  readonly keyType: "GPGKeys" | "signedByGPGKeys" | "X509Certificates" | "signedByX509CAs";
  /** OpenPGP keyrings, binary or armored. Never empty. */
  readonly keys: readonly KeySource[];
  readonly signedIdentity: IdentityMatch;
}

/** Requires a sigstore signature. */
export interface SigstoreSigned {
  readonly type: "sigstoreSigned";
  readonly signer: SigstoreSigner;
  /** The public keys of a Rekor log that must contain the signature. Empty: no log is required. */
  readonly rekorPublicKeys: readonly KeySource[];
  readonly signedIdentity: IdentityMatch;
}

/** Who may have made a sigstore signature. */
export type SigstoreSigner =
  /** Public keys in PEM. Never empty. */
  | { readonly kind: "keys"; readonly keys: readonly KeySource[] }
  /** A certificate of Fulcio, which must have been valid when Rekor recorded the signature. */
  | {
      readonly kind: "fulcio";
      readonly ca: KeySource;
      readonly oidcIssuer: string;
      readonly subjectEmail: string;
    }
  /** A certificate that is valid now. At least one subject is given; all given ones must match. */
  | {
      readonly kind: "pki";
      readonly roots: KeySource;
      readonly intermediates: KeySource | undefined;
      readonly subjectEmail: string | undefined;
      readonly subjectHostname: string | undefined;
    };

/** Valid in a policy. Rejects every image, because containers/image does not implement it either. */
export interface SignedBaseLayer {
  readonly type: "signedBaseLayer";
  readonly baseLayerIdentity: IdentityMatch;
}

/** A file that is read when an image is checked, or its content. */
export type KeySource = { readonly path: string } | { readonly data: Uint8Array };
