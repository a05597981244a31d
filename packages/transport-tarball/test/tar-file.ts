/** A member of a tar file, as bad as a test wants it. */
export interface TestMember {
  readonly name: string;
  readonly content?: string;
  /** Default `0`, a file. */
  readonly type?: string;
  readonly linkName?: string;
  /** What the header says, whatever the content has. */
  readonly size?: number;
}

/** A tar file with two empty blocks at its end. */
export function tarFile(members: readonly TestMember[]): Buffer {
  return Buffer.concat([...members.map(blocksOf), Buffer.alloc(1024)]);
}

function blocksOf({ name, content = "", type = "0", linkName = "", size }: TestMember): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${(size ?? content.length).toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(linkName, 157);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, Buffer.from(content), padding]);
}
