import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { findProgram } from "@drayage/testkit";

/** Absent where tests that need certificates are to be skipped. */
export const openssl: string | undefined = findProgram("openssl");

/** PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Somebody who vouches for others, and whom only a test knows. */
export interface Authority extends KeyPair {
  /** For a server on this machine, or for a client. */
  issue(name: string): KeyPair;
}

export function newAuthority(folder: string, name: string): Authority {
  const isAuthority = ["-addext", "basicConstraints=critical,CA:TRUE"];
  return {
    ...newKeyPair(folder, name, isAuthority),
    issue(issued) {
      const [certificate, key] = filesOf(folder, name);
      const names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test"];
      return newKeyPair(folder, issued, ["-CA", certificate, "-CAkey", key, ...names]);
    },
  };
}

function newKeyPair(folder: string, name: string, settings: readonly string[]): KeyPair {
  const [certificate, key] = filesOf(folder, name);
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", key, "-out", certificate];
  const rest = ["-subj", `/CN=${name}`, ...settings, ...files];
  execFileSync(openssl ?? "openssl", ["req", ...kind, ...rest], { stdio: "ignore" });
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}

function filesOf(folder: string, name: string): readonly [string, string] {
  return [path.join(folder, `${name}.pem`), path.join(folder, `${name}-key.pem`)];
}
