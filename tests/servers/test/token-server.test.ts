import { createVerify, X509Certificate } from "node:crypto";

import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { startTokenServer } from "../token-server.ts";
import type { TokenServer } from "../token-server.ts";

const users = {
  ann: { password: "secret", identityToken: "ann for ever" },
  bob: { password: "hidden", rights: { "bobs/things": ["pull"] } },
} as const;
const anonymous = { "open/to/all": ["pull"] } as const;

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly exp: number;
  readonly access: unknown;
}

function scope(name: string, actions: string): string {
  return `repository:${name}:${actions}`;
}

async function askWithGet(
  server: TokenServer,
  wanted: string,
  credentials?: string,
): Promise<Response> {
  const url = new URL(server.realm);
  url.searchParams.set("service", server.service);
  url.searchParams.set("scope", wanted);
  url.searchParams.set("offline_token", "true");
  const basic = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
  return fetch(url, basic ? { headers: { authorization: basic } } : {});
}

async function askWithPost(
  server: TokenServer,
  form: Readonly<Record<string, string>>,
): Promise<Response> {
  const fields = { service: server.service, client_id: "test", ...form };
  return fetch(server.realm, { method: "POST", body: new URLSearchParams(fields) });
}

/** The payload of a correctly signed token. */
function claimsOf(token: string, certificate: string): Claims {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const { alg, x5c } = JSON.parse(Buffer.from(header, "base64url").toString()) as {
    alg: string;
    x5c: readonly string[];
  };
  const signer = new X509Certificate(certificate);
  expect([alg, x5c]).toEqual(["ES256", [signer.raw.toString("base64")]]);
  const verify = createVerify("sha256").update(`${header}.${claims}`);
  const key = { key: signer.publicKey, dsaEncoding: "ieee-p1363" } as const;
  expect(verify.verify(key, signature, "base64url")).toBe(true);
  return JSON.parse(Buffer.from(claims, "base64url").toString()) as Claims;
}

describe.skipIf(opensslProgram === undefined)("a token server (needs openssl)", () => {
  async function started(): Promise<TokenServer> {
    const signer = newAuthority(await scratchFolder(), "signer");
    return startTokenServer({ users, anonymous, tokenLifetime: 100, signer });
  }

  test("signs tokens with the requested scope and lifetime", async () => {
    await using server = await started();
    const answer = await askWithGet(server, scope("a/b", "pull,push"), "ann:secret");
    const { token, expires_in, refresh_token } = (await answer.json()) as Record<string, string>;
    expect([expires_in, refresh_token]).toEqual([100, "ann for ever"]);
    const claims = claimsOf(token ?? "", server.certificate);
    expect([claims.iss, claims.aud]).toEqual([server.issuer, server.service]);
    expect(Math.abs(claims.exp - Date.now() / 1000 - 100)).toBeLessThan(10);
    expect(claims.access).toEqual([{ type: "repository", name: "a/b", actions: ["pull", "push"] }]);
  });

  test.each([
    ["bob:hidden", "bobs/things", ["pull"]],
    ["bob:hidden", "anns/things", []],
    [undefined, "open/to/all", ["pull"]],
    [undefined, "a/b", []],
  ])("grants %s in %s no more than %j", async (credentials, name, actions) => {
    await using server = await started();
    const answer = await askWithGet(server, scope(name, "pull,push"), credentials);
    const { token } = (await answer.json()) as { token: string };
    expect(claimsOf(token, server.certificate).access).toEqual([
      { type: "repository", name, actions },
    ]);
  });

  test.each([
    [{ grant_type: "password", username: "ann", password: "secret" }, 200],
    [{ grant_type: "refresh_token", refresh_token: "ann for ever" }, 200],
    [{ grant_type: "password", username: "ann", password: "hidden" }, 401],
    [{ grant_type: "refresh_token", refresh_token: "ann until now" }, 401],
  ])("the form %j has the status %i", async (form, status) => {
    await using server = await started();
    const answer = await askWithPost(server, { ...form, scope: scope("a/b", "pull") });
    expect(answer.status).toBe(status);
    if (status !== 200) return;
    const { access_token } = (await answer.json()) as { access_token: string };
    expect(claimsOf(access_token, server.certificate).access).toEqual([
      { type: "repository", name: "a/b", actions: ["pull"] },
    ]);
  });

  test("rejects wrong credentials and logs the request", async () => {
    await using server = await started();
    expect((await askWithGet(server, scope("a/b", "pull"), "ann:hidden")).status).toBe(401);
    expect(server.requests).toMatchObject([{ method: "GET", status: 401, authorization: "basic" }]);
  });
});
