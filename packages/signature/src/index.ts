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
