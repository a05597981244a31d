import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { opensslProgram } from "@drayage/test-support";

/** A certificate with its private key, both in PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** How a certificate is issued. */
export interface Settings {
  readonly issuer?: Issued;
  /** Lines of an extension section of OpenSSL. */
  readonly extensions: readonly string[];
  readonly days?: number;
}

/** Extensions of an authority and of a certificate for code signing. */
export const authority: readonly string[] = [
  "basicConstraints=critical,CA:true",
  "keyUsage=critical,keyCertSign",
];
export const signing: readonly string[] = [
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=codeSigning",
  "subjectAltName=email:dev@example.com,DNS:build.example.com",
];

/** Issues a certificate with OpenSSL. Without an issuer it is a root. */
export function issue(name: string, { issuer, extensions, days = 2 }: Settings): Issued {
  const folder = mkdtempSync(path.join(tmpdir(), "drayage-certificates-"));
  const at = (file: string): string => path.join(folder, file);
  try {
    const config = ["[req]", "distinguished_name=dn", "x509_extensions=ext", "[dn]", "[ext]"];
    writeFileSync(at("config"), [...config, ...extensions].join("\n"));
    if (issuer !== undefined) {
      writeFileSync(at("issuer"), issuer.certificate);
      writeFileSync(at("issuer-key"), issuer.key);
    }
    const by = issuer === undefined ? [] : ["-CA", "issuer", "-CAkey", "issuer-key"];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-config", "config", "-keyout", "key", "-out", "certificate"];
    const rest = ["-subj", `/O=test/CN=${name}`, "-days", String(days), "-sha256"];
    execFileSync(opensslProgram ?? "", ["req", ...kind, ...files, ...rest, ...by], {
      cwd: folder,
      stdio: "ignore",
    });
    return {
      certificate: readFileSync(at("certificate"), "utf8"),
      key: readFileSync(at("key"), "utf8"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
