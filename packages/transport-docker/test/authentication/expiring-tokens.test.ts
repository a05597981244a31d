import { startRegistry } from "@drayage/registry";
import { afterEach, expect, test, vi } from "vitest";

import { docker } from "../../src/index.ts";

const ann = { username: "ann", password: "correct horse" };
const chunkSize = 100_000;

afterEach(() => void vi.useRealTimers());

/** Takes 4 s by the fake clock. */
async function* slowly(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let chunk = 0; chunk < 10; chunk++) {
    vi.advanceTimersByTime(400);
    yield Buffer.alloc(chunkSize, chunk);
  }
}

test("a chunk is not sent with a token that may expire during the request", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const users = { ann: { password: ann.password } };
  await using registry = await startRegistry({
    authentication: { kind: "bearer", users, tokenLifetime: 2 },
  });
  const reference = docker({ credentials: ann, chunkSize }).parseReference(
    `//${registry.host}/a:1`,
  );
  await using destination = await reference.newImageDestination?.();
  const stored = await destination?.putBlob(slowly(), {});
  expect(stored?.size).toBe(10 * chunkSize);
  const refused = registry.requests.filter(({ status }) => status === 401);
  expect(refused.map(({ method }) => method)).toEqual(["POST"]);
  const tokens = registry.requests.filter(({ server }) => server === "tokens");
  expect(tokens.length).toBeGreaterThanOrEqual(3);
});
