import { ImageError } from "@drayage/core";

import { oids } from "./certificate.ts";
import type { Certificate } from "./certificate.ts";

/** The extensions that are checked, so that they may be critical. */
const checkedExtensions: ReadonlySet<string> = new Set([
  oids.keyUsage,
  oids.subjectAlternativeName,
  oids.basicConstraints,
  oids.extendedKeyUsage,
]);

/** Signatures with weaker hashes can be forged. */
const acceptedHashes: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512"]);

const maxDepth = 8;

/**
 * Verifies that a certificate for code signing was issued, through any of the intermediates, by one of the roots, and
 * that all of them are valid at a time (RFC 5280, section 6). A certificate with a critical extension that is not
 * checked, such as name constraints, is rejected.
 * @throws ImageError `untrusted`
 */
export function verifyChain(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
  at: Date,
): void {
  const why = problemOf(leaf, at);
  if (why !== undefined) throw untrusted(why);
  if (!purposesOf(leaf).includes(oids.codeSigning)) throw untrusted("it is not for code signing");
  if (!hasChain([leaf], intermediates, roots, at))
    throw untrusted("no valid chain leads to a root certificate of the policy");
}

/** `path` starts with the leaf. */
function hasChain(
  path: readonly Certificate[],
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
  at: Date,
): boolean {
  const [current] = path.slice(-1);
  if (current === undefined || path.length > maxDepth) return false;
  const isIssuer = (candidate: Certificate): boolean =>
    !path.includes(candidate) &&
    isAuthority(candidate, path.length - 1, at) &&
    isIssuedBy(current, candidate);
  if (roots.some(isIssuer)) return true;
  return intermediates.some(
    (candidate) => isIssuer(candidate) && hasChain([...path, candidate], intermediates, roots, at),
  );
}

/** `below` is the number of authorities between it and the leaf. */
function isAuthority(certificate: Certificate, below: number, at: Date): boolean {
  const { parsed } = certificate;
  const { pathLenConstraint } = parsed.extBasicConstraints ?? {};
  const purposes = purposesOf(certificate);
  return (
    problemOf(certificate, at) === undefined &&
    parsed.isCA &&
    (pathLenConstraint === undefined || pathLenConstraint >= BigInt(below)) &&
    (purposes.length === 0 ||
      purposes.includes(oids.codeSigning) ||
      purposes.includes(oids.anyPurpose))
  );
}

function isIssuedBy({ x509, parsed }: Certificate, issuer: Certificate): boolean {
  return (
    Buffer.compare(parsed.issuer, issuer.parsed.subject) === 0 &&
    acceptedHashes.has(parsed.signatureAlgorithm) &&
    x509.verify(issuer.publicKey)
  );
}

function problemOf({ parsed, extensions }: Certificate, at: Date): string | undefined {
  if (!parsed.validForDate(at)) return `it is not valid at ${at.toISOString()}`;
  const unchecked = extensions.find(
    ({ oid, isCritical }) => isCritical && !checkedExtensions.has(oid),
  );
  return unchecked && `its critical extension ${unchecked.oid} is not supported`;
}

function purposesOf({ x509 }: Certificate): readonly string[] {
  // The extended key usage. Node's types do not know that it may be missing.
  const purposes: readonly string[] | undefined = x509.keyUsage;
  return purposes ?? [];
}

function untrusted(why: string): ImageError {
  return new ImageError("untrusted", `The certificate of a signature is rejected: ${why}`);
}
