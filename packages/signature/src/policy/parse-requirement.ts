import type { IdentityMatch } from "./identity-match.ts";
import { keySourcesIn } from "./key-sources.ts";
import { parseIdentity } from "./parse-identity.ts";
import { fieldAt, invalidPolicy, PolicyFields } from "./policy-fields.ts";
import type {
  KeySource,
  PolicyRequirement,
  SignedBy,
  SigstoreSigned,
  SigstoreSigner,
} from "./policy.ts";

/** Parses one requirement. @throws ImageError `untrusted` */
export function parseRequirement(value: unknown, at: string): PolicyRequirement {
  const fields = new PolicyFields(value, at);
  const requirement = requirementIn(fields);
  fields.end();
  return requirement;
}

function requirementIn(fields: PolicyFields): PolicyRequirement {
  const type = fields.text("type");
  switch (type) {
    case "insecureAcceptAnything":
    case "reject":
      return { type };
    case "signedBy":
      return signedByIn(fields);
    case "sigstoreSigned":
      return sigstoreSignedIn(fields);
    case "signedBaseLayer": {
      const name = "baseLayerIdentity";
      const identity = parseIdentity(fields.required(name), fieldAt(fields.at, name));
      return { type, baseLayerIdentity: identity };
    }
    default:
      throw invalidPolicy(
        fieldAt(fields.at, "type"),
        `is not a known requirement: ${JSON.stringify(type)}`,
      );
  }
}

function signedByIn(fields: PolicyFields): SignedBy {
  const keyType = fields.text("keyType");
  if (!isKeyType(keyType))
    throw invalidPolicy(fieldAt(fields.at, "keyType"), `must be one of ${keyTypes.join(", ")}`);
  const names = { path: "keyPath", paths: "keyPaths", data: "keyData" };
  const keys = exactlyOne(keySourcesIn(fields, names), fields.at, Object.values(names));
  return { type: "signedBy", keyType, keys, signedIdentity: signedIdentityIn(fields) };
}

const keyTypes = ["GPGKeys", "signedByGPGKeys", "X509Certificates", "signedByX509CAs"] as const;

function isKeyType(text: string): text is SignedBy["keyType"] {
  return keyTypes.some((keyType) => keyType === text);
}

function sigstoreSignedIn(fields: PolicyFields): SigstoreSigned {
  const names = { path: "keyPath", paths: "keyPaths", data: "keyData", datas: "keyDatas" };
  const keys = keySourcesIn(fields, names).map((sources): SigstoreSigner => ({
    kind: "keys",
    keys: sources,
  }));
  const signers = [
    ...keys,
    ...authorityIn(fields, "fulcio", fulcioIn),
    ...authorityIn(fields, "pki", pkiIn),
  ];
  const signer = exactlyOne(signers, fields.at, [...Object.values(names), "fulcio", "pki"]);
  const rekorPublicKeys = rekorPublicKeysIn(fields, signer);
  const signedIdentity = signedIdentityIn(fields);
  return { type: "sigstoreSigned", signer, rekorPublicKeys, signedIdentity };
}

function rekorPublicKeysIn(fields: PolicyFields, signer: SigstoreSigner): readonly KeySource[] {
  const names = {
    path: "rekorPublicKeyPath",
    paths: "rekorPublicKeyPaths",
    data: "rekorPublicKeyData",
    datas: "rekorPublicKeyDatas",
  };
  const sources = keySourcesIn(fields, names);
  const list = Object.values(names).join(", ");
  if (sources.length > 1) throw invalidPolicy(fields.at, `must have at most one of ${list}`);
  if (signer.kind === "fulcio" && sources.length === 0)
    throw invalidPolicy(fields.at, `must have one of ${list} with fulcio`);
  if (signer.kind === "pki" && sources.length > 0)
    throw invalidPolicy(fields.at, `must not have any of ${list} with pki`);
  return sources[0] ?? [];
}

function authorityIn(
  fields: PolicyFields,
  name: string,
  parse: (inner: PolicyFields) => SigstoreSigner,
): readonly SigstoreSigner[] {
  const value = fields.optional(name);
  if (value === undefined) return [];
  const inner = new PolicyFields(value, fieldAt(fields.at, name));
  const signer = parse(inner);
  inner.end();
  return [signer];
}

function fulcioIn(fields: PolicyFields): SigstoreSigner {
  const names = { path: "caPath", data: "caData" };
  const [ca] = exactlyOne(keySourcesIn(fields, names), fields.at, Object.values(names));
  const oidcIssuer = fields.text("oidcIssuer");
  return { kind: "fulcio", ca: ca!, oidcIssuer, subjectEmail: fields.text("subjectEmail") };
}

function pkiIn(fields: PolicyFields): SigstoreSigner {
  const names = { path: "caRootsPath", data: "caRootsData" };
  const [roots] = exactlyOne(keySourcesIn(fields, names), fields.at, Object.values(names));
  const optionalNames = { path: "caIntermediatesPath", data: "caIntermediatesData" };
  const intermediates = keySourcesIn(fields, optionalNames);
  if (intermediates.length > 1) {
    const list = Object.values(optionalNames).join(", ");
    throw invalidPolicy(fields.at, `must have at most one of ${list}`);
  }
  const subjectEmail = fields.optionalText("subjectEmail");
  const subjectHostname = fields.optionalText("subjectHostname");
  if (subjectEmail === undefined && subjectHostname === undefined)
    throw invalidPolicy(fields.at, "must have subjectEmail or subjectHostname");
  return {
    kind: "pki",
    roots: roots!,
    intermediates: intermediates[0]?.[0],
    subjectEmail,
    subjectHostname,
  };
}

function signedIdentityIn(fields: PolicyFields): IdentityMatch {
  const name = "signedIdentity";
  const value = fields.optional(name);
  if (value === undefined) return { type: "matchRepoDigestOrExact" };
  return parseIdentity(value, fieldAt(fields.at, name));
}

function exactlyOne<T>(values: readonly T[], at: string, names: readonly string[]): T {
  const [value] = values;
  if (value !== undefined && values.length === 1) return value;
  const count = values.length === 0 ? "none" : "several";
  throw invalidPolicy(at, `must have exactly one of ${names.join(", ")}, but has ${count}`);
}
