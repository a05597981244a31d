import { writeFile } from "node:fs/promises";
import path from "node:path";

import { startDistribution, startTokenServer } from "@drayage/test-servers";
import { newAuthority } from "@drayage/test-support";

/** A Docker Distribution as companies have it, and what a client needs to be let in. */
export interface SecureDistribution extends AsyncDisposable {
  readonly host: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** With the one authority that vouches for it. */
  readonly certDir: string;
}

/** With TLS by an authority of its own and tokens from a second server; its files go into the folder. */
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
