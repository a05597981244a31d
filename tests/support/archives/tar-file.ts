/** A member of a tar file, which may be invalid. */
export interface TarFileMember {
  /** Bytes for a name that is not valid UTF-8. */
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** The default is `0`, a file. */
  readonly type?: string;
  readonly linkName?: string;
  /** The size in the header, independent of the content: a number, or the raw twelve bytes. */
  readonly size?: number | Uint8Array;
  /** The default is the unsigned sum. */
  readonly checksum?: (header: Uint8Array) => number;
}

/** A tar file with two empty blocks at its end. */
export function tarFile(members: readonly TarFileMember[]): Buffer {
  return Buffer.concat([...members.map(tarMember), Buffer.alloc(1024)]);
}

/** A header and its content, padded to blocks. */
export function tarMember(member: TarFileMember): Buffer {
  const { name, content = "", type = "0", linkName = "", checksum = sumOf } = member;
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.set(Buffer.from(name).subarray(0, 100), 0);
  header.write("0000644\0", 100);
  header.set(sizeField(member.size ?? bytes.byteLength), 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(linkName, 157);
  header.write("ustar\u000000", 257);
  header.write(`${octal(checksum(header), 6)}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.byteLength & 511)]);
}

/** A record of a POSIX.1-2001 extended header, the content of a member of type `x`. */
export function tarRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const digits = String(rest + String(rest).length).length;
  return `${rest + digits} ${key}=${value}\n`;
}

function sizeField(size: number | Uint8Array): Uint8Array {
  return typeof size === "number" ? Buffer.from(`${octal(size, 11)}\0`) : size;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function sumOf(header: Uint8Array): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}
