import { ask, textAndDigest } from "@drayage/test-support";
import type { Reply } from "@drayage/test-support";
import { randomImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import type { RegistryUsers } from "../src/access/authentication.ts";
import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

const image = await randomImage("authentication", { layers: 1 });
const { digest } = textAndDigest("blob");
const users: RegistryUsers = {
  owner: { password: "secret:with:colons", identityToken: "refresh-me" },
  reader: { password: "read", rights: { "a/b": ["pull"] } },
  constructor: { password: "legal" },
};

function basic(name: string, password: string): Readonly<Record<string, string>> {
  return { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
}

const owner = basic("owner", "secret:with:colons");
const reader = basic("reader", "read");

describe("basic", () => {
  let registry: Registry;

  beforeAll(async () => {
    registry = await startRegistry({ authentication: { kind: "basic", users } });
    await registry.putImage("a/b", image, "v1");
  });
  afterAll(async () => registry[Symbol.asyncDispose]());

  test.each<readonly [what: string, headers: Record<string, string>]>([
    ["nobody", {}],
    ["an unknown user", basic("nobody", "read")],
    ["a wrong password", basic("owner", "read")],
    ["a user named like a method of Object", basic("toString", "")],
    ["a token", { Authorization: "Bearer secret" }],
    ["invalid base64", { Authorization: "Basic %%%" }],
  ])("%s is rejected with a Basic challenge", async (_, headers) => {
    const reply = await ask(registry.origin, "GET /v2/", { headers });
    expect(reply).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    expect(reply.headers["www-authenticate"]).toMatch(/^Basic realm=/);
  });

  test.each<readonly [line: string, headers: Readonly<Record<string, string>>, status: number]>([
    ["GET /v2/", owner, 200],
    ["GET /v2/", basic("constructor", "legal"), 200],
    ["GET /v2/_catalog", owner, 200],
    ["GET /v2/_catalog", reader, 403],
    ["GET /v2/a/b/manifests/v1", reader, 200],
    ["GET /v2/a/b/tags/list", reader, 200],
    ["GET /v2/c/d/tags/list", reader, 403],
    ["POST /v2/a/b/blobs/uploads/", reader, 403],
    ["POST /v2/a/b/blobs/uploads/", owner, 202],
    ["DELETE /v2/a/b/manifests/v1", reader, 403],
  ])("the status for %s with %j is %d", async (line, headers, status) => {
    expect(await ask(registry.origin, line, { headers })).toMatchObject({ status });
  });

  test("the log contains the kind of credentials, not the credentials", async () => {
    registry.clear();
    await ask(registry.origin, "GET /v2/", { headers: owner });
    await ask(registry.origin, "GET /v2/");
    expect(registry.requests.map(({ authorization }) => authorization)).toEqual(["basic", "none"]);
    expect(JSON.stringify(registry.requests)).not.toContain(owner["Authorization"]?.slice(6));
  });
});

describe.each([false, true])(
  "bearer authentication, separate token server: %s",
  (separateTokenServer) => {
    let registry: Registry;
    let service: string;

    beforeAll(async () => {
      registry = await startRegistry({
        authentication: {
          kind: "bearer",
          users,
          anonymous: { "pub/lic": ["pull"] },
          tokenLifetime: 60,
          separateTokenServer,
        },
      });
      service = registry.host;
      await registry.putImage("a/b", image, "v1");
      await registry.putImage("pub/lic", image, "v1");
    });
    afterAll(async () => registry[Symbol.asyncDispose]());

    const challengeOf = ({ headers }: Reply): Record<string, string> => {
      const [scheme, ...rest] = (headers["www-authenticate"] ?? "").split(" ");
      expect(scheme).toBe("Bearer");
      const pairs = rest.join(" ").matchAll(/(\w+)="([^"]*)"/g);
      return Object.fromEntries(
        [...pairs].map(([, name, value]) => [name, value] as const),
      ) as Record<string, string>;
    };

    const realm = async (): Promise<string> =>
      challengeOf(await ask(registry.origin, "GET /v2/"))["realm"] ?? "";

    /** A token for a scope, from GET. */
    const tokenFor = async (
      scope: string,
      credentials: Readonly<Record<string, string>> = {},
    ): Promise<{ token: string; [field: string]: unknown }> => {
      const { origin, pathname } = new URL(await realm());
      const query = new URLSearchParams({ service, scope }).toString();
      const reply = await ask(origin, `GET ${pathname}?${query}`, { headers: credentials });
      expect(reply.status).toBe(200);
      return JSON.parse(reply.body.toString()) as { token: string };
    };

    const bearer = (token: string): Readonly<Record<string, string>> => ({
      Authorization: `Bearer ${token}`,
    });

    test.each<readonly [line: string, scope: string | undefined]>([
      ["GET /v2/", undefined],
      ["GET /v2/_catalog", "registry:catalog:*"],
      ["GET /v2/a/b/manifests/v1", "repository:a/b:pull"],
      ["HEAD /v2/a/b/manifests/v1", "repository:a/b:pull"],
      ["GET /v2/a/b/tags/list", "repository:a/b:pull"],
      ["PUT /v2/a/b/manifests/v1", "repository:a/b:pull,push"],
      ["DELETE /v2/a/b/manifests/v1", "repository:a/b:delete"],
      ["POST /v2/a/b/blobs/uploads/", "repository:a/b:pull,push"],
      ["DELETE /v2/a/b/blobs/uploads/id", "repository:a/b:pull,push"],
      [
        `POST /v2/a/b/blobs/uploads/?mount=${digest}&from=c/d`,
        "repository:a/b:pull,push repository:c/d:pull",
      ],
    ])("%s requests a token for %s", async (line, scope) => {
      const reply = await ask(registry.origin, line);
      expect(reply).toMatchObject({ status: 401 });
      const { realm: where, ...challenge } = challengeOf(reply);
      expect(challenge).toEqual({ service, ...(scope !== undefined && { scope }) });
      expect(new URL(where ?? "").origin === registry.origin).toBe(!separateTokenServer);
    });

    test("a token allows only its scope", async () => {
      const { token, ...returned } = await tokenFor("repository:a/b:pull", owner);
      expect(returned).toMatchObject({ access_token: token, expires_in: 60 });
      const headers = bearer(token);
      const allowed = await ask(registry.origin, "GET /v2/a/b/manifests/v1", { headers });
      expect(allowed.status).toBe(200);
      for (const line of ["PUT /v2/a/b/manifests/v1", "GET /v2/pub/lic/manifests/v1"]) {
        const refused = await ask(registry.origin, line, { headers });
        expect(refused.status).toBe(401);
        expect(challengeOf(refused)).toMatchObject({ error: "insufficient_scope" });
      }
    });

    test("two scopes in one token", async () => {
      const scope = "repository:a/b:pull,push repository:pub/lic:pull";
      const { token } = await tokenFor(scope, owner);
      const line = `POST /v2/a/b/blobs/uploads/?mount=${image.config.digest}&from=pub/lic`;
      const mounted = await ask(registry.origin, line, { headers: bearer(token) });
      expect(mounted.status).toBe(201);
    });

    test("anonymous clients get a token for public repositories, and an empty one otherwise", async () => {
      const { token } = await tokenFor("repository:pub/lic:pull,push");
      const headers = bearer(token);
      const pull = await ask(registry.origin, "GET /v2/pub/lic/manifests/v1", { headers });
      expect(pull.status).toBe(200);
      const push = await ask(registry.origin, "POST /v2/pub/lic/blobs/uploads/", { headers });
      expect(push.status).toBe(401);
      const other = bearer((await tokenFor("repository:a/b:pull")).token);
      const denied = await ask(registry.origin, "GET /v2/a/b/manifests/v1", { headers: other });
      expect(denied.status).toBe(401);
    });

    test("an unknown or expired token is invalid", async () => {
      const { token } = await tokenFor("repository:a/b:pull", owner);
      registry.expireTokens();
      for (const headers of [bearer(token), bearer("unknown"), owner]) {
        const refused = await ask(registry.origin, "GET /v2/a/b/manifests/v1", { headers });
        expect(refused.status).toBe(401);
        expect(challengeOf(refused)).toMatchObject({ error: "invalid_token" });
      }
    });

    test("a token expires after its lifetime", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      try {
        const headers = bearer((await tokenFor("repository:a/b:pull", owner)).token);
        const statusAfter = async (seconds: number): Promise<number | undefined> => {
          vi.advanceTimersByTime(seconds * 1000);
          return (await ask(registry.origin, "GET /v2/a/b/manifests/v1", { headers })).status;
        };
        expect([await statusAfter(59), await statusAfter(1)]).toEqual([200, 401]);
      } finally {
        vi.useRealTimers();
      }
    });

    test("a token for a repository named catalog does not give access to the catalog", async () => {
      const statusWith = async (scope: string): Promise<number | undefined> => {
        const headers = bearer((await tokenFor(scope, owner)).token);
        return (await ask(registry.origin, "GET /v2/_catalog", { headers })).status;
      };
      expect(await statusWith("registry:catalog:*")).toBe(200);
      expect(await statusWith("repository:catalog:*")).toBe(401);
    });

    test("GET returns a refresh token only on request and only if the user has one", async () => {
      const scope = "repository:pub/lic:pull";
      const { origin, pathname } = new URL(await realm());
      const offline = `GET ${pathname}?service=${service}&scope=${scope}&offline_token=true`;
      const returned = async (headers: Readonly<Record<string, string>>): Promise<unknown> =>
        JSON.parse((await ask(origin, offline, { headers })).body.toString());
      expect(await returned(owner)).toMatchObject({ refresh_token: "refresh-me" });
      expect(await returned({})).not.toHaveProperty("refresh_token");
      expect(await tokenFor(scope, owner)).not.toHaveProperty("refresh_token");
    });

    test("wrong credentials get no token, not even a public one", async () => {
      const { origin, pathname } = new URL(await realm());
      const line = `GET ${pathname}?service=${service}&scope=repository:pub/lic:pull`;
      const refused = await ask(origin, line, { headers: basic("owner", "wrong") });
      expect(refused).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    });

    test.each(["scope=repository:a/b:pull", "service=other", "service=SERVICE&scope=a/b"])(
      "GET with %s is a bad token request",
      async (query) => {
        const { origin, pathname } = new URL(await realm());
        const line = `GET ${pathname}?${query.replace("SERVICE", service)}`;
        expect(await ask(origin, line)).toMatchObject({ status: 400 });
      },
    );

    const post = async (form: Record<string, string>): Promise<Reply> => {
      const { origin, pathname } = new URL(await realm());
      return ask(origin, `POST ${pathname}`, {
        headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
        body: new URLSearchParams({ service, client_id: "test", ...form }).toString(),
      });
    };
    const scope = "repository:a/b:pull,push";

    test.each<readonly [what: string, form: Record<string, string>]>([
      ["a refresh token", { grant_type: "refresh_token", refresh_token: "refresh-me" }],
      [
        "name and password",
        { grant_type: "password", username: "owner", password: "secret:with:colons" },
      ],
    ])("POST with %s returns a token", async (_, form) => {
      const reply = await post({ ...form, scope, access_type: "offline" });
      expect(reply.status).toBe(200);
      const returned = JSON.parse(reply.body.toString()) as { access_token: string };
      expect(returned).toMatchObject({ scope, expires_in: 60, refresh_token: "refresh-me" });
      expect(returned).not.toHaveProperty("token");
      const allowed = await ask(registry.origin, "POST /v2/a/b/blobs/uploads/", {
        headers: bearer(returned.access_token),
      });
      expect(allowed.status).toBe(202);
    });

    test.each<readonly [what: string, form: Record<string, string>, status: number]>([
      ["an unknown refresh token", { grant_type: "refresh_token", refresh_token: "no" }, 401],
      ["a wrong password", { grant_type: "password", username: "owner", password: "no" }, 401],
      ["another grant type", { grant_type: "authorization_code" }, 400],
      [
        "no client ID",
        { grant_type: "refresh_token", refresh_token: "refresh-me", client_id: "" },
        400,
      ],
    ])("POST with %s is rejected", async (_, form, status) => {
      expect(await post({ scope, ...form })).toMatchObject({ status });
    });

    test("the log distinguishes token requests, and contains no secrets", async () => {
      registry.clear();
      const { token } = await tokenFor("repository:a/b:pull", owner);
      await ask(registry.origin, "GET /v2/a/b/manifests/v1", { headers: bearer(token) });
      await post({ grant_type: "refresh_token", refresh_token: "refresh-me", scope });
      const seen = registry.requests.filter(({ path }) => path !== "/v2/");
      expect(
        seen.map(({ server, method, authorization }) => [server, method, authorization]),
      ).toEqual([
        ["tokens", "GET", "basic"],
        ["registry", "GET", "bearer"],
        ["tokens", "POST", "none"],
      ]);
      const log = JSON.stringify(registry.requests);
      for (const secret of [token, "refresh-me"]) expect(log).not.toContain(secret);
    });
  },
);
