export { matchesIdentity } from "./policy/identity-match.ts";
export type { IdentityMatch } from "./policy/identity-match.ts";
export { judgeImage, signaturePolicy } from "./policy/judge-image.ts";
export type { PolicyDecision, RequirementResult } from "./policy/judge-image.ts";
export type { PolicyOptions } from "./policy/policy-options.ts";
export { checkScopes, parsePolicy } from "./policy/parse-policy.ts";
export type { ParsePolicyOptions } from "./policy/parse-policy.ts";
export { scopeFor, scopeName } from "./policy/policy-scope.ts";
export type { MatchedScope } from "./policy/policy-scope.ts";
export type {
  KeySource,
  Policy,
  PolicyRequirement,
  PolicyScopes,
  SignedBaseLayer,
  SignedBy,
  SigstoreSigned,
  SigstoreSigner,
} from "./policy/policy.ts";
export { signedBy, sigstoreSigned } from "./policy/requirement-values.ts";
export type { SignedBySettings, SigstoreSignedSettings } from "./policy/requirement-values.ts";
export { policy } from "./policy/typed-policy.ts";
export type { PolicyInput, RequirementInput } from "./policy/typed-policy.ts";
export type { SignedClaim } from "./payload.ts";
export { signSimple } from "./simple-signing/sign-simple.ts";
export type { SimpleSigningKey } from "./simple-signing/sign-simple.ts";
export { readUnverified } from "./simple-signing/unverified-signature.ts";
export type { UnverifiedSignature } from "./simple-signing/unverified-signature.ts";
export { exportedKeys, verifySimple } from "./simple-signing/verify-simple.ts";
export type { ExpectedClaim, VerifiedClaim } from "./simple-signing/verify-simple.ts";
export { generateSigstoreKey, publicKeyOf, readSigstoreKey } from "./sigstore/private-key.ts";
export type { SigstoreKeyPair } from "./sigstore/private-key.ts";
export { signSigstore } from "./sigstore/sign-sigstore.ts";
