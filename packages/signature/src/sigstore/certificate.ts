import { X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";
import { X509Certificate as ParsedCertificate } from "@sigstore/core";

import { pemBlocks } from "./pem.ts";

/** A certificate with the fields that verification needs (RFC 5280). */
export interface Certificate {
  readonly bytes: Uint8Array;
  readonly publicKey: KeyObject;
  /** For its names and its signature. */
  readonly x509: X509Certificate;
  readonly parsed: ParsedCertificate;
  readonly extensions: readonly Extension[];
}

/** An extension of a certificate. */
interface Extension {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** Object identifiers of extensions and purposes. */
export const oids = {
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  anyPurpose: "2.5.29.37.0",
  /** The OIDC issuer as text (Fulcio, docs/oid-info.md). */
  fulcioIssuer: "1.3.6.1.4.1.57264.1.1",
  /** The OIDC issuer as a DER string. */
  fulcioIssuerV2: "1.3.6.1.4.1.57264.1.8",
} as const;

/** Larger than any chain in use. */
const maxCertificates = 100;

/** Parses the certificates of a PEM file. @throws ImageError `untrusted` for other content */
export function parseCertificates(content: Uint8Array, what: string): readonly Certificate[] {
  const blocks = pemBlocks(content) ?? [];
  const isOther = blocks.some(({ label }) => label !== "CERTIFICATE");
  if (blocks.length === 0 || isOther)
    throw invalid(what, "it is not a list of certificates in PEM");
  if (blocks.length > maxCertificates)
    throw invalid(what, `it has more than ${maxCertificates} certificates`);
  return blocks.map(({ bytes }) => parsedCertificate(bytes, what));
}

function parsedCertificate(bytes: Uint8Array, what: string): Certificate {
  try {
    const x509 = new X509Certificate(bytes);
    const parsed = ParsedCertificate.parse(Buffer.from(x509.raw));
    const extensions = parsed.extensions.map(({ subs }): Extension => {
      const [oid, second, third] = subs;
      const value = third ?? second;
      return {
        oid: oid!.toOID(),
        isCritical: third !== undefined && second!.toBoolean(),
        value: value!.value,
      };
    });
    if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length)
      throw new Error("it has an extension twice");
    return {
      bytes: x509.raw,
      publicKey: x509.publicKey,
      x509,
      parsed,
      extensions,
    };
  } catch (cause) {
    throw invalid(what, (cause as Error).message, cause);
  }
}

/** The email addresses in the subject alternative names. */
export function emailsIn({ parsed }: Certificate): readonly string[] {
  const names = parsed.extension(oids.subjectAlternativeName)?.valueObj.subs[0]?.subs ?? [];
  const emails = names.filter(({ tag }) => tag.isContextSpecific(1));
  return emails.map(({ value }) => value.toString("latin1"));
}

/** The OIDC issuer of a certificate of Fulcio. @throws ImageError `untrusted` if it is missing or ambiguous */
export function fulcioIssuerIn({ parsed, extensions }: Certificate): string {
  const first = extensions.find(({ oid }) => oid === oids.fulcioIssuer);
  const second = parsed.extension(oids.fulcioIssuerV2);
  const issuers = [
    first && Buffer.from(first.value).toString(),
    second?.valueObj.subs[0]?.value.toString(),
  ].filter((issuer) => issuer !== undefined);
  const [issuer] = issuers;
  if (issuer === undefined) throw invalid("a certificate", "it has no OIDC issuer");
  if (issuers.some((other) => other !== issuer))
    throw invalid("a certificate", "it has two different OIDC issuers");
  return issuer;
}

function invalid(what: string, why: string, cause?: unknown): ImageError {
  return new ImageError("untrusted", `Invalid certificate in ${what}: ${why}`, { cause });
}
