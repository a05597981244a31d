import { describe, expect, test } from "vitest";

import { TokenCache } from "../../src/authentication/token-cache.ts";
import type { Token } from "../../src/authentication/token-cache.ts";

const signal = undefined;

function token(text: string, good: number, fresh: number): () => Promise<Token> {
  const now = performance.now();
  return async () => ({ text, expiresAt: now + good, refreshAfter: now + fresh });
}

describe("a token after refreshAfter", () => {
  test("is used for a request that can be repeated", async () => {
    const cache = new TokenCache();
    await cache.get("a", token("first", 60_000, -1), { isForStream: false, signal });
    const use = { isForStream: false, signal };
    expect(await cache.get("a", token("second", 60_000, 60_000), use)).toBe("first");
  });

  test("is replaced before a stream is sent", async () => {
    const cache = new TokenCache();
    await cache.get("a", token("first", 60_000, -1), { isForStream: false, signal });
    const use = { isForStream: true, signal };
    expect(await cache.get("a", token("second", 60_000, 60_000), use)).toBe("second");
    expect(await cache.get("a", token("third", 60_000, 60_000), use)).toBe("second");
  });
});
