import type { S3Server } from "@drayage/mock-servers";
import { afterEach, expect, test, vi } from "vitest";

import { Bucket } from "../../src/client/bucket.ts";
import { Connection } from "../../src/client/connection.ts";
import { LayoutLock } from "../../src/layout/layout-lock.ts";
import { countOf, startBucket } from "../bucket.ts";

const folder = "a/_drayage/lock";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

interface Acquired {
  readonly lock: Promise<LayoutLock>;
  readonly isHeld: () => boolean;
  readonly abort: () => void;
}

function acquire({ access }: S3Server): Acquired {
  const user = new AbortController();
  const bucket = new Bucket("bucket", new Connection(access));
  const lock = LayoutLock.acquire(bucket, folder, { signal: user.signal });
  let isHeld = false;
  lock.then(
    () => (isHeld = true),
    () => {},
  );
  return { lock, isHeld: () => isHeld, abort: () => user.abort(new Error("enough")) };
}

const listings = ({ requests }: S3Server): number => countOf(requests, "ListObjectsV2");

/** A store in which another claim appears once the first number is taken. */
async function storeWithRival(claim: string): Promise<S3Server> {
  const server: S3Server = await startBucket({
    async watch({ operation, key }, moment) {
      const isFirst = operation === "PutObject" && key.endsWith(".1") && moment === "done";
      if (isFirst) await server.bucket().put(`${folder}/${claim}`, "");
    },
  });
  return server;
}

test.each([
  ["a larger number", "0.2"],
  ["the same number and a later owner", "z.1"],
])("a writer precedes a rival with %s", async (_, claim) => {
  await using server = await storeWithRival(claim);
  const { lock } = acquire(server);
  await (await lock)[Symbol.asyncDispose]();
  // One list to choose the number, one to see the rival.
  expect(listings(server)).toBe(2);
  expect(server.bucket().keys()).toEqual([`${folder}/${claim}`]);
});

test("a writer follows a rival with the same number and an earlier owner", async () => {
  await using server = await storeWithRival("-.1");
  const { lock, isHeld } = acquire(server);
  await vi.waitUntil(() => listings(server) >= 4, { timeout: 10_000 });
  expect(isHeld()).toBe(false);
  server.bucket().delete(`${folder}/-.1`);
  await (await lock)[Symbol.asyncDispose]();
  expect(server.bucket().keys()).toEqual([]);
});

test.each(["someone.1.old", "someone", ".1", "someone.x"])(
  "an object named %s is no claim",
  async (name) => {
    await using server = await startBucket();
    await server.bucket().put(`${folder}/${name}`, "");
    const { lock } = acquire(server);
    await using _ = await lock;
    expect(
      server
        .bucket()
        .keys()
        .filter((key) => key.endsWith(".1") && !key.endsWith("/.1")),
    ).toHaveLength(1);
    expect(listings(server)).toBe(2);
  },
);

test("polls five times per second on average, with jitter", async () => {
  await using server = await startBucket();
  await server.bucket().put(`${folder}/someone.1`, "");
  vi.spyOn(Math, "random").mockReturnValue(0.75);
  const timeouts = vi.spyOn(globalThis, "setTimeout");
  const { lock, abort } = acquire(server);
  await vi.waitUntil(() => listings(server) >= 4, { timeout: 10_000 });
  expect(timeouts.mock.calls.map(([, delay]) => delay)).toContain(250);
  abort();
  await expect(lock).rejects.toThrow("enough");
});

test("a lock that is released is not refreshed any more", async () => {
  await using server = await startBucket();
  vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
  const lock = await acquire(server).lock;
  expect(vi.getTimerCount()).toBe(1);
  await lock[Symbol.asyncDispose]();
  expect(vi.getTimerCount()).toBe(0);
});

test("a writer that may not list the claims removes its own", async () => {
  await using server = await startBucket({ policy: ({ action }) => action !== "s3:ListBucket" });
  await expect(acquire(server).lock).rejects.toMatchObject({ code: "denied" });
  expect(server.bucket().keys()).toEqual([]);
  expect(countOf(server.requests, "DeleteObject")).toBe(1);
});
