import { digestOf } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistrySettings } from "@drayage/registry";
import { ask, next, octets, textAndDigest } from "@drayage/test-support";
import type { Question, Reply } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import type { FaultProxySettings } from "../../src/faults/fault-proxy-settings.ts";
import { startFaultProxy } from "../../src/faults/fault-proxy.ts";
import type { FaultProxy } from "../../src/faults/fault-proxy.ts";
import type { Fault, PlannedFault } from "../../src/faults/fault.ts";

const { bytes, digest } = textAndDigest("the bytes of a small blob");

interface Rig extends AsyncDisposable {
  readonly registry: Registry;
  readonly proxy: FaultProxy;
  readonly ask: (line: string, question?: Question) => Promise<Reply>;
}

/** A registry with the blob in the repository `a`, behind a proxy. */
async function rig(
  settings: Omit<FaultProxySettings, "target">,
  registrySettings?: RegistrySettings,
): Promise<Rig> {
  const registry = await startRegistry(registrySettings);
  await registry.putBlob("a", bytes);
  const proxy = await startFaultProxy({ target: registry.origin, ...settings });
  return {
    registry,
    proxy,
    ask: (line, question) => ask(proxy.origin, line, question),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

const onBlob = (fault: Fault): readonly PlannedFault[] => [{ fault, path: digest }];
const get = `GET /v2/a/blobs/${digest}`;
const upload = { headers: octets, body: bytes };

/** Reads a response that may break. */
async function received(origin: string): Promise<{ text: string; isWhole: boolean }> {
  const answer = await fetch(`${origin}/v2/a/blobs/${digest}`);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of answer.body ?? []) chunks.push(chunk as Uint8Array);
    return { text: Buffer.concat(chunks).toString(), isWhole: true };
  } catch {
    return { text: Buffer.concat(chunks).toString(), isWhole: false };
  }
}

describe("without faults", () => {
  test("requests are forwarded and counted", async () => {
    await using at = await rig({});
    expect((await at.ask(get)).body).toEqual(bytes);
    const opened = await at.ask("POST /v2/b/blobs/uploads/");
    const stored = await at.ask(`PUT ${next(opened, `digest=${digest}`)}`, upload);
    expect(stored.status).toBe(201);
    expect(await at.registry.findBlob("b", digest)).toEqual(bytes);
    expect(at.proxy.requests).toMatchObject([
      { method: "GET", requestBytes: 0, responseBytes: bytes.byteLength, status: 200 },
      { method: "POST", status: 202 },
      { method: "PUT", requestBytes: bytes.byteLength, isBroken: false, status: 201 },
    ]);
    expect(at.proxy.describe()).toBe("");
  });

  test("the registry's origin is replaced by the proxy's", async () => {
    const users = { me: { password: "secret" } };
    await using at = await rig(
      {},
      { locations: "absolute", authentication: { kind: "bearer", users } },
    );
    const { headers } = await at.ask(get);
    expect(headers["www-authenticate"]).toContain(`realm="${at.proxy.origin}/token"`);
  });
});

describe("a response", () => {
  test.each(["cut", "reset"] as const)("can break with %s in the middle", async (kind) => {
    await using at = await rig({ faults: onBlob({ kind, during: "response", after: 9 }) });
    const { text, isWhole } = await received(at.proxy.origin);
    expect(isWhole).toBe(false);
    expect("the bytes".startsWith(text)).toBe(true);
    expect(at.proxy.requests[0]).toMatchObject({ responseBytes: 9, isBroken: true });
    expect(await received(at.proxy.origin)).toMatchObject({ isWhole: true });
  });

  test("can be lost after the registry processed the request", async () => {
    await using at = await rig({ faults: onBlob({ kind: "cut", during: "answer" }) });
    const line = `POST /v2/b/blobs/uploads/?digest=${digest}`;
    const faults = [{ fault: { kind: "cut", during: "answer" }, method: "POST" }] as const;
    await using post = await rig({ faults });
    await expect(at.ask(get)).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(post.ask(line, upload)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await post.registry.findBlob("b", digest)).toEqual(bytes);
  });

  test("can stall", async () => {
    await using at = await rig({
      faults: onBlob({ kind: "stall", during: "response", after: 9 }),
    });
    const answer = await fetch(at.proxy.origin + get.slice(4), {
      signal: AbortSignal.timeout(100),
    });
    await expect(answer.text()).rejects.toMatchObject({ name: "TimeoutError" });
    expect(at.proxy.requests[0]).toMatchObject({ responseBytes: 9, isBroken: true });
  });

  test("can be truncated with a matching length", async () => {
    await using at = await rig({ faults: onBlob({ kind: "truncation", after: 9 }) });
    expect(await received(at.proxy.origin)).toEqual({ text: "the bytes", isWhole: true });
  });

  test("can have a flipped bit", async () => {
    await using at = await rig({ faults: onBlob({ kind: "flip", during: "response", at: 1 }) });
    const { text } = await received(at.proxy.origin);
    expect(text).toBe(Buffer.from(bytes).toString().replace("h", "i"));
  });

  test("can be shorter than its Content-Length", async () => {
    await using at = await rig({ faults: onBlob({ kind: "wrong-length", by: 3 }) });
    const text = Buffer.from(bytes).toString();
    expect(await received(at.proxy.origin)).toEqual({ text, isWhole: false });
  });

  test("can be longer than its Content-Length", async () => {
    await using at = await rig({ faults: onBlob({ kind: "wrong-length", by: -3 }) });
    const { text } = await received(at.proxy.origin);
    expect(text).toBe(Buffer.from(bytes).toString().slice(0, -3));
  });

  test("uses positions modulo the length of the body", async () => {
    const faults = onBlob({ kind: "truncation", after: bytes.byteLength * 3 + 9 });
    await using at = await rig({ faults });
    expect(await received(at.proxy.origin)).toEqual({ text: "the bytes", isWhole: true });
  });

  test("can be an error response, repeatedly", async () => {
    const fault = {
      kind: "error-response",
      status: 429,
      retryAfter: { seconds: 7, as: "seconds" },
    } as const;
    const dated = {
      kind: "error-response",
      status: 503,
      retryAfter: { seconds: 60, as: "date" },
    } as const;
    await using at = await rig({
      faults: [
        { fault, path: digest, times: 2 },
        { fault: dated, path: digest, nth: 3 },
      ],
    });
    expect(await at.ask(get)).toMatchObject({ status: 429, headers: { "retry-after": "7" } });
    expect(await at.ask(get)).toMatchObject({ status: 429 });
    const { status, headers } = await at.ask(get);
    const wait = Date.parse(headers["retry-after"] ?? "") - Date.now();
    expect([status, Math.round(wait / 10_000)]).toEqual([503, 6]);
    expect(await at.ask(get)).toMatchObject({ status: 200 });
    expect(at.registry.requests).toHaveLength(1);
  });

  test("can redirect to an external origin that needs no credentials", async () => {
    const users = { me: { password: "secret" } };
    const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    await using at = await rig(
      { faults: onBlob({ kind: "redirect" }) },
      { authentication: { kind: "basic", users } },
    );
    const { status, headers } = await at.ask(get, { headers: { authorization } });
    const place = headers.location ?? "";
    expect(status).toBe(307);
    expect(new URL(place).host).not.toBe(at.proxy.host);
    const found = await ask(place, `GET ${new URL(place).pathname}`, {
      headers: { range: "bytes=0-8", authorization: "Bearer leaked" },
    });
    expect(found.body.toString()).toBe("the bytes");
    expect(at.proxy.redirected).toMatchObject([{ headers: { authorization: "Bearer leaked" } }]);
  });

  test("is not redirected if the client has no access", async () => {
    const users = { me: { password: "secret" } };
    await using at = await rig(
      { faults: onBlob({ kind: "redirect" }) },
      { authentication: { kind: "basic", users } },
    );
    expect(await at.ask(get)).toMatchObject({ status: 401 });
  });
});

describe("a request", () => {
  test("can break in the middle of its body", async () => {
    const fault = { kind: "cut", during: "request", after: 9 } as const;
    await using at = await rig({ faults: [{ fault, method: "PATCH" }] });
    const opened = await at.ask("POST /v2/b/blobs/uploads/");
    const sent = at.ask(`PATCH ${next(opened)}`, upload);
    await expect(sent).rejects.toMatchObject({ code: "ECONNRESET" });
    const { headers } = await at.ask(`GET ${next(opened)}`);
    expect(at.proxy.requests[1]).toMatchObject({ requestBytes: 9, isBroken: true });
    expect(Number(headers.range?.slice(2))).toBeLessThan(9);
  });

  test("can be lost completely", async () => {
    await using at = await rig({ faults: onBlob({ kind: "cut", during: "request", after: 0 }) });
    await expect(at.ask(get)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(at.registry.requests).toEqual([]);
  });

  test("can have a flipped bit", async () => {
    const fault = { kind: "flip", during: "request", at: 3 } as const;
    await using at = await rig({ faults: [{ fault, method: "POST" }] });
    const stored = await at.ask(`POST /v2/b/blobs/uploads/?digest=${digest}`, upload);
    expect(stored.code).toBe("DIGEST_INVALID");
  });

  test("can have a rejected token", async () => {
    const authentication = {
      kind: "bearer",
      users: {},
      anonymous: { "*": ["pull"] },
    } as const;
    await using at = await rig({ faults: onBlob({ kind: "expired-token" }) }, { authentication });
    const service = at.registry.host;
    const { body } = await at.ask(`GET /token?service=${service}&scope=repository:a:pull`);
    const { token } = JSON.parse(body.toString()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    const refused = await at.ask(get, { headers });
    expect(refused.status).toBe(401);
    expect(refused.headers["www-authenticate"]).toContain('scope="repository:a:pull"');
    expect(await at.ask(get, { headers })).toMatchObject({ status: 200 });
  });
});

describe("an upload", () => {
  const locations = {
    relative: /^\.\/[^/]+$/,
    absolute: /^http:\/\/127\.0\.0\.1:\d+\/v2\/b\/blobs\/uploads\//,
    external: /^http:\/\/127\.0\.0\.1:\d+\/[^/]+\/v2\/b\/blobs\/uploads\//,
  };
  test.each(Object.entries(locations))(
    "can continue at a location that is %s",
    async (as, pattern) => {
      const fault = { kind: "location", as: as as keyof typeof locations } as const;
      await using at = await rig({ faults: [{ fault, method: "POST" }] });
      const { headers } = await at.ask("POST /v2/b/blobs/uploads/");
      expect(headers.location).toMatch(pattern);
      const to = new URL(headers.location ?? "", `${at.proxy.origin}/v2/b/blobs/uploads/`);
      const chunk = await ask(to.origin, `PATCH ${to.pathname}${to.search}`, upload);
      const end = new URL(next(chunk, `digest=${digest}`), to);
      await ask(end.origin, `PUT ${end.pathname}${end.search}`);
      expect(await at.registry.findBlob("b", digest)).toEqual(bytes);
      expect(at.proxy.redirected).toHaveLength(as === "external" ? 2 : 0);
    },
  );

  test("can be lost permanently, without affecting others", async () => {
    await using at = await rig({ faults: [{ fault: { kind: "lost-upload" }, method: "PATCH" }] });
    const lost = await at.ask("POST /v2/b/blobs/uploads/");
    const other = await at.ask("POST /v2/b/blobs/uploads/");
    expect(await at.ask(`PATCH ${next(lost)}`, upload)).toMatchObject({
      code: "BLOB_UPLOAD_UNKNOWN",
    });
    expect(await at.ask(`GET ${next(lost)}`)).toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
    expect(await at.ask(`PATCH ${next(other)}`, upload)).toMatchObject({ status: 202 });
  });
});

test("connections are closed after cutEvery bytes in either direction", async () => {
  const many = Buffer.alloc(1000, "x");
  await using at = await rig({ cutEvery: 300 });
  await at.registry.putBlob("a", many);
  const whole = `GET /v2/a/blobs/${digestOf(many)}`;
  await expect(at.ask(whole)).rejects.toMatchObject({ code: "ECONNRESET" });
  const part = { headers: { range: "bytes=300-500" } };
  expect((await at.ask(whole, part)).body.byteLength).toBe(201);
  const opened = await at.ask("POST /v2/b/blobs/uploads/");
  const sent = at.ask(`PATCH ${next(opened)}`, { headers: octets, body: many });
  await expect(sent).rejects.toMatchObject({ code: "ECONNRESET" });
  const passed = at.proxy.requests.map(({ requestBytes, responseBytes }) => [
    requestBytes,
    responseBytes,
  ]);
  expect(passed).toEqual([
    [0, 300],
    [0, 201],
    [0, 0],
    [300, 0],
  ]);
});
