/** The records of an extended header (POSIX.1-2001, pax). Values are bytes, since extended attributes may be binary. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Parses records of the form `LENGTH KEY=VALUE\n`. Returns undefined if they are damaged. */
export function parsePaxRecords(bytes: Buffer): PaxRecords | undefined {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.byteLength;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number.parseInt(bytes.toString("latin1", at, Math.max(space, at)), 10);
    const end = at + length;
    const equals = bytes.indexOf(0x3d, space);
    const isValid =
      space > at && length > 0 && end <= bytes.byteLength && equals > space && equals < end - 1;
    if (!isValid || bytes[end - 1] !== 0x0a) return undefined;
    records.set(bytes.toString("utf8", space + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}
