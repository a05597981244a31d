import { wordsOf } from "./engine-error.ts";
import type { Engine } from "./engine.ts";
import { jsonObjectOf } from "./json-object-of.ts";

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
  let end = Buffer.alloc(0);
  for await (const chunk of bytes) {
    end = Buffer.concat([end, chunk.subarray(-endLength)]).subarray(-endLength);
    yield chunk;
  }
  const [report = ""] = /\{"errorDetail":.*\}\s*$/s.exec(end.toString()) ?? [];
  const { error } = jsonObjectOf(report);
  if (typeof error === "string") throw engine.problem(doing, wordsOf(error));
}

const endLength = 1 << 13;
