import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { opensslProgram } from "./authority.ts";

/** A key pair in PEM form. */
export interface TestKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const publicKeyEncoding = { type: "spki", format: "pem" } as const;
const privateKeyEncoding = { type: "pkcs8", format: "pem" } as const;

/** A new RSA key pair. */
export function rsaKeys(modulusLength = 2048): TestKeys {
  return generateKeyPairSync("rsa", { modulusLength, publicKeyEncoding, privateKeyEncoding });
}

/** A new EC key pair. */
export function ecKeys(namedCurve = "P-256"): TestKeys {
  return generateKeyPairSync("ec", { namedCurve, publicKeyEncoding, privateKeyEncoding });
}

/** A self-signed certificate in PEM form. Requires `opensslProgram`. */
export function certificateOf({ privateKey }: TestKeys): string {
  const folder = mkdtempSync(path.join(tmpdir(), "drayage-certificate-"));
  try {
    const key = path.join(folder, "key.pem");
    writeFileSync(key, privateKey);
    const request = ["req", "-x509", "-key", key, "-subj", "/O=Drayage/CN=test"];
    return execFileSync(opensslProgram ?? "openssl", request, { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
