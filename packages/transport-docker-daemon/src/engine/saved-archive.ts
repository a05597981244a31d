import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { wordsOf } from "./engine-error.ts";
import type { Engine } from "./engine.ts";

/**
 * What an engine saves. Where it fails in the middle it is too late for another answer, and it writes an object of JSON
 * behind what it has sent of the archive: in place of that there is an error.
 * @throws ImageError `unavailable`
 */
export async function* savedArchive(
  bytes: AsyncIterable<Uint8Array>,
  engine: Engine,
  doing: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const last = new Uint8Array(endLength * 2);
  let filled = 0;
  for await (const chunk of bytes) {
    const end = chunk.subarray(-endLength);
    if (filled + end.byteLength > last.byteLength) {
      last.copyWithin(0, filled - endLength, filled);
      filled = endLength;
    }
    last.set(end, filled);
    filled += end.byteLength;
    yield chunk;
  }
  const end = Buffer.from(last.subarray(Math.max(filled - endLength, 0), filled)).toString();
  const at = end.indexOf('{"errorDetail":');
  const { error } = jsonObjectOf(at < 0 ? "" : end.slice(at));
  if (typeof error === "string") throw engine.problem(doing, wordsOf(error));
}

const endLength = 1 << 13;
