import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { messageIn } from "./engine-error.ts";
import type { Engine } from "./engine.ts";

/**
 * The archive that an engine exports. An engine that fails after it has started to respond appends a JSON object with the
 * error, which is thrown here.
 * @throws ImageError `unavailable`
 */
export async function* savedArchive(
  bytes: AsyncIterable<Uint8Array>,
  engine: Engine,
  operation: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const last = new Uint8Array(tailSize * 2);
  let filled = 0;
  for await (const chunk of bytes) {
    const end = chunk.subarray(-tailSize);
    if (filled + end.byteLength > last.byteLength) {
      last.copyWithin(0, filled - tailSize, filled);
      filled = tailSize;
    }
    last.set(end, filled);
    filled += end.byteLength;
    yield chunk;
  }
  const end = Buffer.from(last.subarray(Math.max(filled - tailSize, 0), filled)).toString();
  const start = end.indexOf('{"errorDetail":');
  const { error } = jsonObjectOf(start < 0 ? "" : end.slice(start));
  if (typeof error === "string") throw engine.reportedError(operation, messageIn(error));
}

/** Bytes at the end of the archive that are searched for an error. */
const tailSize = 1 << 13;
