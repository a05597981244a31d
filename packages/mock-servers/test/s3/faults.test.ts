import { GetObjectCommand } from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";

import type { S3Fault } from "../../src/s3/s3-fault.ts";
import { startS3 } from "../../src/s3/s3-server.ts";
import type { S3Server } from "../../src/s3/s3-server.ts";
import type { S3Settings } from "../../src/s3/s3-settings.ts";
import { outcomeOf } from "./outcome.ts";
import { clientOf, Store } from "./store.ts";

type Faulty = readonly [server: S3Server, store: Store];

async function faulty(faults: S3Settings["faults"]): Promise<Faulty> {
  const server = await startS3({ faults, minPartSize: 1 });
  const client = clientOf(server.access);
  onTestFinished(async () => {
    client.destroy();
    await server[Symbol.asyncDispose]();
  });
  return [server, new Store(server.access, client, "bucket", "key")];
}

/** The outcome of a request; `broken` without a complete response. */
async function fate(asked: Promise<unknown>): Promise<string> {
  return outcomeOf(asked).catch(() => "broken");
}

test.each(["SlowDown", "InternalError", "RequestTimeout", "ConditionalRequestConflict"] as const)(
  "the response can be %s, without effect",
  async (code) => {
    const [server, store] = await faulty([{ fault: { kind: "error", code, retryAfter: 2 } }]);
    const { status, headers, body } = await store.raw("PUT", { body: "x" });
    expect(body.toString()).toContain(`<Code>${code}</Code>`);
    expect(headers["retry-after"]).toBe("2");
    expect(server.bucket().keys()).toEqual([]);
    expect(server.requests).toMatchObject([{ status, code, isFaulty: true }]);
    expect(await fate(store.put("x"))).toBe("200");
  },
);

test("a fault applies to the planned requests", async () => {
  const fault: S3Fault = { kind: "error", code: "SlowDown" };
  const [, store] = await faulty([{ fault, operation: "PutObject", key: "ke", nth: 2, times: 2 }]);
  const outcomes = [];
  for (let time = 0; time < 4; time++) outcomes.push(await fate(store.put("x")));
  expect(outcomes).toEqual(["200", "503 SlowDown", "503 SlowDown", "200"]);
  expect(await fate(store.put("x", { Key: "other" }))).toBe("200");
  expect(await store.text()).toBe("x");
});

test("completing an upload can fail with status 200", async () => {
  const fault: S3Fault = { kind: "late-error", code: "InternalError" };
  const [server, store] = await faulty([{ fault, operation: "CompleteMultipartUpload" }]);
  const id = await store.begin();
  const parts = [await store.part(id, 1, "x")];
  const answer = { status: 200, body: expect.stringContaining("<Error><Code>InternalError") };
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${parts[0]?.ETag}</ETag></Part></CompleteMultipartUpload>`;
  const { status, body: told } = await store.raw(`POST ?uploadId=${id}`, { body });
  expect({ status, body: told.toString() }).toEqual(answer);
  expect(server.requests.at(-1)).toMatchObject({ status: 200, code: "InternalError" });
  expect(server.bucket().keys()).toEqual([]);
  expect(await fate(store.complete(id, parts))).toBe("200");
});

test("late errors of other operations are immediate", async () => {
  const [, store] = await faulty([{ fault: { kind: "late-error", code: "InternalError" } }]);
  expect(await fate(store.put("x"))).toBe("500 InternalError");
});

test.each<readonly [fault: S3Fault, isStored: boolean]>([
  [{ kind: "cut", during: "request", after: 0 }, false],
  [{ kind: "cut", during: "request", after: 5 }, false],
  [{ kind: "reset", during: "request", after: 25 }, false],
  [{ kind: "cut", during: "answer" }, true],
  [{ kind: "reset", during: "answer" }, true],
])("a write with %j has the outcome %s", async (fault, isStored) => {
  const [server, store] = await faulty([{ fault }]);
  expect(await fate(store.put("0123456789"))).toBe("broken");
  expect(server.bucket().keys()).toEqual(isStored ? ["key"] : []);
  expect(server.requests).toMatchObject([{ status: undefined, isFaulty: true }]);
});

test("a delete that breaks before the request has no effect", async () => {
  const fault: S3Fault = { kind: "cut", during: "request", after: 7 };
  const [server, store] = await faulty([{ fault, operation: "DeleteObject" }]);
  await server.bucket().put("key", "x");
  expect(await fate(store.raw("DELETE"))).toBe("broken");
  expect(server.bucket().keys()).toEqual(["key"]);
});

test("a read can break after some bytes", async () => {
  const [server, store] = await faulty([{ fault: { kind: "cut", during: "response", after: 4 } }]);
  await server.bucket().put("key", "0123456789");
  const { Body, ContentLength } = await store.client.send(new GetObjectCommand(store.at({})));
  expect(ContentLength).toBe(10);
  await expect(Body?.transformToString()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(server.requests).toMatchObject([{ status: 200, responseBytes: 4 }]);
  expect(await store.text()).toBe("0123456789");
});

test("a response without a body breaks before it starts", async () => {
  const [, store] = await faulty([
    { fault: { kind: "cut", during: "response", after: 4 }, times: 2 },
  ]);
  expect(await fate(store.put("x"))).toBe("broken");
  expect(await fate(store.raw("HEAD"))).toBe("broken");
  expect(await fate(store.raw("HEAD"))).toBe("200");
});

test("a request can hang until the server ends", async () => {
  const server = await startS3({ faults: [{ fault: { kind: "stall", during: "answer" } }] });
  const client = clientOf(server.access);
  const asked = fate(new Store(server.access, client, "bucket", "key").put("x"));
  while (server.bucket().keys().length === 0) await new Promise(setImmediate);
  await server[Symbol.asyncDispose]();
  expect(await asked).toBe("broken");
  client.destroy();
});

test("flipped bits are detected by signatures only", async () => {
  const [, store] = await faulty([
    { fault: { kind: "flip", during: "request", at: 2 } },
    { fault: { kind: "flip", during: "response", at: 2 }, operation: "GetObject" },
  ]);
  expect(await fate(store.raw("PUT", { body: "0123456789" }))).toBe(
    "400 XAmzContentSHA256Mismatch",
  );
  await store.put("0123456789");
  const read = async (): Promise<string> => (await store.raw("GET")).body.toString();
  expect([await read(), await read()]).toEqual(["0133456789", "0123456789"]);
});

test("seeded faults are reproducible", async () => {
  async function course(seed: string): Promise<readonly string[]> {
    const [server, store] = await faulty({
      seed,
      kinds: ["error", "cut"],
      operations: ["PutObject"],
    });
    for (let time = 0; time < 40; time++) await fate(store.put("x", { Key: `${time % 4}` }));
    await fate(store.text("0"));
    return server.requests.map(({ operation, key, code, status }) =>
      [operation, key, status ?? "broken", code].join(" "),
    );
  }
  const first = await course("one");
  expect(await course("one")).toEqual(first);
  expect(await course("two")).not.toEqual(first);
  const spoilt = first.filter((line) => !/ 200/.test(line));
  expect(spoilt.length).toBeGreaterThan(3);
  expect(spoilt.length).toBeLessThan(25);
  expect(spoilt.every((line) => line.startsWith("PutObject"))).toBe(true);
});

test("four attempts are enough for all seeded faults", async () => {
  const [server, store] = await faulty({ seed: "storm", kinds: ["error", "cut"], rate: 1 });
  const outcomes = [];
  for (let time = 0; time < 4; time++) outcomes.push(await fate(store.put("x")));
  expect(outcomes.at(-1)).toBe("200");
  expect(outcomes.slice(0, 3)).not.toContain("200");
  expect(server.requests.map(({ isFaulty }) => isFaulty)).toEqual([true, true, true, false]);
});
