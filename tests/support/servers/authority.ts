import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { findProgram } from "./program.ts";

/** The program that creates certificates, if it is installed. */
export const opensslProgram: string | undefined = findProgram("openssl");

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority for tests. */
export interface Authority extends KeyPair {
  /** Issues a certificate for a server on this machine (127.0.0.1, localhost, registry.test), or for a client. */
  issue(name: string): KeyPair;
}

/** Creates an authority that stores its files in the folder. Requires `opensslProgram`. */
export function newAuthority(folder: string, name: string): Authority {
  const isAuthority = ["-addext", "basicConstraints=critical,CA:TRUE"];
  return {
    ...newKeyPair(folder, name, isAuthority),
    issue(issued) {
      const [certificate, key] = filesOf(folder, name);
      const names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test"];
      const isNoAuthority = ["-addext", "basicConstraints=critical,CA:FALSE"];
      const signed = ["-CA", certificate, "-CAkey", key, ...isNoAuthority];
      return newKeyPair(folder, issued, [...signed, ...names]);
    },
  };
}

function newKeyPair(folder: string, name: string, settings: readonly string[]): KeyPair {
  const [certificate, key] = filesOf(folder, name);
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", key, "-out", certificate];
  const rest = ["-subj", `/CN=${name}`, ...settings, ...files];
  execFileSync(opensslProgram ?? "openssl", ["req", ...kind, ...rest], { stdio: "ignore" });
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}

function filesOf(folder: string, name: string): readonly [string, string] {
  return [path.join(folder, `${name}.pem`), path.join(folder, `${name}-key.pem`)];
}
