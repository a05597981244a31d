import { writeFile } from "node:fs/promises";
import path from "node:path";

import { startDistribution, startTokenServer } from "@drayage/test-servers";
import { newAuthority } from "@drayage/test-support";

/** A Docker Distribution with TLS and tokens, as companies run it, and the settings of its clients. */
export interface SecureDistribution extends AsyncDisposable {
  readonly host: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** With the only CA that signed its certificate. */
  readonly certDir: string;
}

/** Starts it with TLS from its own CA and tokens from a second server. Its files are in the folder. */
export async function startSecureDistribution(folder: string): Promise<SecureDistribution> {
  const authority = newAuthority(folder, "ca");
  await writeFile(path.join(folder, "ca.crt"), authority.certificate);
  const tls = authority.issue("server");
  const users = { ann: { password: "secret" } };
  const tokens = await startTokenServer({ users, signer: newAuthority(folder, "signer"), tls });
  const registry = await startDistribution({ tokens, tls });
  return {
    host: registry.host,
    credentials: { username: "ann", password: "secret" },
    certDir: folder,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await tokens[Symbol.asyncDispose]();
    },
  };
}
