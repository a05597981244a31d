import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { keyContent, keyContents } from "../policy/key-content.ts";
import type { KeySource, SigstoreSigned, SigstoreSigner } from "../policy/policy.ts";
import { attachment, requiredAnnotation, signatureBytes } from "./attachment.ts";
import type { SigstoreSignature } from "./attachment.ts";
import { verifyChain } from "./certificate-chain.ts";
import { emailsIn, fulcioIssuerIn, parseCertificates } from "./certificate.ts";
import type { Certificate } from "./certificate.ts";
import { parsePublicKey } from "./public-keys.ts";
import { recordedAt } from "./rekor-entry.ts";

/** A key that a policy accepts for a signature, and whose it is, in words. */
export interface AcceptedKey {
  readonly key: KeyObject;
  readonly owner: string;
}

/**
 * The keys that a requirement accepts for a signature: the keys of the policy, or the key in the certificate of the
 * signature. The signature itself is not verified yet.
 * @throws ImageError `untrusted` if a log entry or a certificate is required and not valid
 */
export async function acceptedKeys(
  signature: SigstoreSignature,
  { signer, rekorPublicKeys }: SigstoreSigned,
  now: Date,
  options: OperationOptions,
): Promise<readonly AcceptedKey[]> {
  const logKeys = (await keyContents(rekorPublicKeys, options)).map(parsePublicKey);
  switch (signer.kind) {
    case "keys": {
      const keys = (await keyContents(signer.keys, options)).map(parsePublicKey);
      return keys
        .filter((key) => logKeys.length === 0 || isRecorded(signature, key, logKeys, keys.length))
        .map((key) => ({ key, owner: "a key of the policy" }));
    }
    case "fulcio":
      return [await fulcioKey(signature, signer, logKeys, options)];
    case "pki":
      return [await pkiKey(signature, signer, now, options)];
  }
}

/** With a single key, the problem of its log entry is the reason for the rejection. */
function isRecorded(
  signature: SigstoreSignature,
  key: KeyObject,
  logKeys: readonly KeyObject[],
  count: number,
): boolean {
  try {
    const signer = key.export({ type: "spki", format: "der" });
    recordedAt(requiredAnnotation(signature, attachment.rekorEntry), logKeys, {
      signer,
      signature: signatureBytes(signature),
      payload: signature.payload,
    });
    return true;
  } catch (error) {
    if (count === 1) throw error;
    return false;
  }
}

async function fulcioKey(
  signature: SigstoreSignature,
  { ca, oidcIssuer, subjectEmail }: Extract<SigstoreSigner, { readonly kind: "fulcio" }>,
  logKeys: readonly KeyObject[],
  options: OperationOptions,
): Promise<AcceptedKey> {
  const entry = requiredAnnotation(signature, attachment.rekorEntry);
  const certificate = certificateOf(signature);
  const recorded = recordedAt(entry, logKeys, {
    signer: certificate.bytes,
    signature: signatureBytes(signature),
    payload: signature.payload,
  });
  const roots = await certificatesIn(ca, options);
  verifyChain(certificate, chainOf(signature), roots, recorded);
  const issuer = fulcioIssuerIn(certificate);
  if (issuer !== oidcIssuer) throw untrusted(`its OIDC issuer is ${JSON.stringify(issuer)}`);
  requireEmail(certificate, subjectEmail);
  return { key: certificate.publicKey, owner: `${subjectEmail} (${issuer})` };
}

async function pkiKey(
  signature: SigstoreSignature,
  signer: Extract<SigstoreSigner, { readonly kind: "pki" }>,
  now: Date,
  options: OperationOptions,
): Promise<AcceptedKey> {
  const certificate = certificateOf(signature);
  const roots = await certificatesIn(signer.roots, options);
  const trusted = signer.intermediates && (await certificatesIn(signer.intermediates, options));
  verifyChain(certificate, [...(trusted ?? []), ...chainOf(signature)], roots, now);
  const { subjectEmail, subjectHostname } = signer;
  if (subjectEmail !== undefined) requireEmail(certificate, subjectEmail);
  if (subjectHostname !== undefined) requireHostname(certificate, subjectHostname);
  const owner = [subjectEmail, subjectHostname].filter((name) => name !== undefined).join(", ");
  return { key: certificate.publicKey, owner };
}

function certificateOf(signature: SigstoreSignature): Certificate {
  const text = requiredAnnotation(signature, attachment.certificate);
  const [certificate, ...others] = parseCertificates(Buffer.from(text), "a signature");
  if (certificate !== undefined && others.length === 0) return certificate;
  throw untrusted("the signature has several certificates");
}

/** The intermediates in a signature. The last certificate is its root, which a signature cannot make trusted. */
function chainOf({ annotations }: SigstoreSignature): readonly Certificate[] {
  const text = Object.hasOwn(annotations, attachment.chain) ? annotations[attachment.chain] : "";
  if (text === undefined || text === "") return [];
  return parseCertificates(Buffer.from(text), "the chain of a signature").slice(0, -1);
}

async function certificatesIn(
  source: KeySource,
  options: OperationOptions,
): Promise<readonly Certificate[]> {
  return parseCertificates(await keyContent(source, options), "the policy");
}

function requireEmail(certificate: Certificate, email: string): void {
  const emails = emailsIn(certificate);
  if (!emails.includes(email))
    throw untrusted(`it is for ${JSON.stringify(emails)}, not for ${email}`);
}

function requireHostname({ x509 }: Certificate, hostname: string): void {
  if (x509.checkHost(hostname, { subject: "never" }) === undefined)
    throw untrusted(`it is not for the host ${hostname}`);
}

function untrusted(why: string): ImageError {
  return new ImageError("untrusted", `The certificate of a signature is rejected: ${why}`);
}
