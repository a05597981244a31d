import { randomUUID, sign, X509Certificate } from "node:crypto";

import type { IssuedToken, Scope, TokenIssuer } from "@drayage/registry/access";
import type { KeyPair } from "@drayage/test-support";

/** The common properties of a server's tokens. */
export interface SignedTokenSettings {
  /** An elliptic curve key, P-256. */
  readonly signer: KeyPair;
  readonly issuer: string;
  /** The audience. */
  readonly audience: string;
  /** Seconds. */
  readonly lifetime: number;
}

/** Self-contained tokens: JWT signed with ES256 (distribution, "Token Authentication Implementation"). */
export function signedTokens(settings: SignedTokenSettings): TokenIssuer {
  const { signer, issuer, audience, lifetime } = settings;
  const certificate = new X509Certificate(signer.certificate).raw.toString("base64");
  const header = encoded({ typ: "JWT", alg: "ES256", x5c: [certificate] });
  return {
    issue(scopes: readonly Scope[]): IssuedToken {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        sub: "",
        aud: audience,
        iat: now,
        nbf: now,
        exp: now + lifetime,
        jti: randomUUID(),
        access: scopes,
      };
      const signed = `${header}.${encoded(claims)}`;
      const key = { key: signer.key, dsaEncoding: "ieee-p1363" } as const;
      const signature = sign("sha256", Buffer.from(signed), key).toString("base64url");
      const issued_at = new Date(now * 1000).toISOString();
      return { token: `${signed}.${signature}`, expires_in: lifetime, issued_at };
    },
  };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
