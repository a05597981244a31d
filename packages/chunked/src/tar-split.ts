import path from "node:path";

import { CompressedText } from "./compressed-text.ts";
import type { TarMember } from "./tar-member.ts";
import { unsupportedLayer } from "./unsupported-layer.ts";

/** The metadata of a tar file in the format of tar-split: everything but the content of files, to assemble it again. */
export class TarSplit {
  readonly #text = new CompressedText();
  readonly #names = new Set<string>();
  #segment: Buffer[] = [];
  #position = 0;

  /** Adds bytes that are not the content of a file. Copies them. */
  addRaw(bytes: Uint8Array): void {
    this.#segment.push(Buffer.from(bytes));
  }

  /** Adds a file after its headers. `checksum` is the CRC-64 of its content; undefined without content. */
  async addFile({ name, size }: TarMember, checksum: Buffer | undefined): Promise<void> {
    this.#requireNew(name);
    await this.#endSegment();
    const payload = checksum?.toString("base64") ?? null;
    await this.#write({ type: 1, name, ...(size > 0 && { size }), payload });
  }

  async end(): ReturnType<CompressedText["end"]> {
    await this.#endSegment();
    return this.#text.end();
  }

  destroy(): void {
    this.#text.destroy();
  }

  async #endSegment(): Promise<void> {
    if (this.#segment.length === 0) return;
    const payload = Buffer.concat(this.#segment).toString("base64");
    this.#segment = [];
    await this.#write({ type: 2, payload });
  }

  async #write(entry: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#text.write(`${JSON.stringify({ ...entry, position: this.#position++ })}\n`);
  }

  /** Programs that read tar-split reject a name that is there twice. */
  #requireNew(name: string): void {
    const normalized = path.posix.join("/", name, "/");
    if (this.#names.has(normalized))
      throw unsupportedLayer(`${JSON.stringify(name)} is in it twice`);
    this.#names.add(normalized);
  }
}
