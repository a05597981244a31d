import { randomBytes } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { ByteRange } from "@drayage/core";
import type { RangeSource } from "@drayage/transport-kit/wire";

export const content: Buffer = randomBytes(1 << 20);

/** The behaviour of a server with `content`. */
export interface Answers {
  /** The number of bytes after which each response fails, in order. Later responses are complete. */
  readonly breakAfter?: readonly number[];
  readonly supportsRanges?: boolean;
  readonly reportsSize?: boolean;
  /** Additional bytes after the requested ones. */
  readonly excess?: number;
  readonly chunkSize?: number;
}

export interface AskedSource extends RangeSource {
  /** The requested ranges. */
  readonly requested: readonly ByteRange[];
  /** The number of returned bytes. */
  readonly given: () => number;
  /** The number of open responses. */
  readonly underWay: () => number;
}

export function sourceWith(answers: Answers = {}): AskedSource {
  const { breakAfter = [], supportsRanges = true, reportsSize = true } = answers;
  const { excess = 0, chunkSize = 10_000 } = answers;
  const requested: ByteRange[] = [];
  let given = 0;
  let underWay = 0;
  async function* bytesOf({ start, end = Infinity }: ByteRange, until: number) {
    underWay++;
    try {
      const last = Math.min(end + 1 + excess, content.byteLength);
      for (let at = start; at < last; at += chunkSize) {
        const chunk = content.subarray(at, Math.min(at + chunkSize, last, start + until));
        given += chunk.byteLength;
        yield chunk;
        if (at + chunkSize >= start + until) throw new ImageError("unavailable", "broken");
      }
    } finally {
      underWay--;
    }
  }
  return {
    operation: "read the content",
    requested,
    given: () => given,
    underWay: () => underWay,
    open: async (range) => {
      const until = breakAfter[requested.length] ?? breakAfter.at(-1) ?? Infinity;
      requested.push(range);
      const bytes = bytesOf(supportsRanges ? range : { start: 0 }, until);
      const size = reportsSize ? content.byteLength : undefined;
      return { bytes, isWhole: !supportsRanges, size };
    },
  };
}
