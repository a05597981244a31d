import { randomBytes } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { ByteRange } from "@drayage/core";
import type { RangeSource } from "@drayage/transport-kit/wire";

export const content: Buffer = randomBytes(1 << 20);

/** How somebody answers who has `content`. */
export interface Answers {
  /** Bytes after which each answer breaks off; the first of them for the first, and all where there is no other. */
  readonly breakAfter?: readonly number[];
  readonly knowsRanges?: boolean;
  readonly tellsSize?: boolean;
  /** Bytes that come behind those that were asked for. */
  readonly excess?: number;
  readonly chunkSize?: number;
}

export interface AskedSource extends RangeSource {
  /** Ranges that were asked for. */
  readonly asked: readonly ByteRange[];
  /** Bytes that were given. */
  readonly given: () => number;
  /** Answers that are being read. */
  readonly underWay: () => number;
}

export function sourceWith(answers: Answers = {}): AskedSource {
  const { breakAfter = [], knowsRanges = true, tellsSize = true } = answers;
  const { excess = 0, chunkSize = 10_000 } = answers;
  const asked: ByteRange[] = [];
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
    asked,
    given: () => given,
    underWay: () => underWay,
    open: async (range) => {
      const until = breakAfter[asked.length] ?? breakAfter.at(-1) ?? Infinity;
      asked.push(range);
      const bytes = bytesOf(knowsRanges ? range : { start: 0 }, until);
      const size = tellsSize ? content.byteLength : undefined;
      return { bytes, isWhole: !knowsRanges, size };
    },
  };
}
