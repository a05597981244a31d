import type { LayerCompressor } from "@drayage/core/copy";

import { CompressedText } from "./compressed-text.ts";
import { ContentChunks } from "./content-chunks.ts";
import { contentsEntries } from "./contents-entry.ts";
import { FileContent } from "./file-content.ts";
import { Frames } from "./frames.ts";
import type { TarMember } from "./tar-member.ts";
import { tarParts } from "./tar-parts.ts";
import { TarSplit } from "./tar-split.ts";

/**
 * Compresses layers as zstd:chunked (containers/storage): each file is in frames of its own, and a table of contents in a
 * skippable frame has their positions, so that Podman and CRI-O fetch only files that they do not have. Other readers of
 * zstd decompress such a layer to the original tar file.
 * @throws ImageError `unsupported` for a layer that is no tar file, or has members that the format cannot describe
 */
export function zstdChunked(): LayerCompressor {
  return {
    name: "zstd:chunked",
    baseFormat: "zstd",
    annotation: annotationKeys.checksum,
    compress: (bytes, { level = 3 }) => {
      let annotations: Readonly<Record<string, string>> = {};
      const onEnd = (found: typeof annotations): void => void (annotations = found);
      return { bytes: compressed(bytes, level, onEnd), annotations: () => annotations };
    },
  };
}

const annotationKeys = {
  checksum: "io.github.containers.zstd-chunked.manifest-checksum",
  contents: "io.github.containers.zstd-chunked.manifest-position",
  tarSplit: "io.github.containers.zstd-chunked.tarsplit-position",
} as const;

async function* compressed(
  bytes: AsyncIterable<Uint8Array>,
  level: number,
  onEnd: (annotations: Readonly<Record<string, string>>) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const layer = new ChunkedLayer(level);
  try {
    for await (const part of tarParts(bytes)) {
      switch (part.kind) {
        case "raw":
          layer.addRaw(part.bytes);
          break;
        case "member":
          layer.startMember(part.member);
          break;
        case "content":
          layer.addContent(part.bytes);
          break;
        case "member-end":
          await layer.endMember();
      }
      yield* layer.frames.ready();
    }
    yield* layer.end();
    const { frames, annotations } = await layer.metadata();
    onEnd(annotations);
    yield* frames;
  } finally {
    layer.destroy();
  }
}

/** A layer that is being compressed. */
class ChunkedLayer {
  readonly frames: Frames;
  readonly #tarSplit = new TarSplit();
  readonly #contents = new CompressedText();
  readonly #splitter = new ContentChunks();
  #hasEntries = false;
  /** Headers and padding for the next frame. */
  #raw: Buffer[] = [];
  #rawSize = 0;
  #member: TarMember | undefined;
  #content: FileContent | undefined;

  constructor(level: number) {
    this.frames = new Frames(level);
  }

  addRaw(bytes: Uint8Array): void {
    this.#tarSplit.addRaw(bytes);
    this.#raw.push(Buffer.from(bytes));
    this.#rawSize += bytes.byteLength;
    if (this.#rawSize >= maxRawSize) this.#endRaw();
  }

  startMember(member: TarMember): void {
    this.#member = member;
    this.#content = new FileContent(this.frames, this.#splitter);
  }

  addContent(bytes: Uint8Array): void {
    this.#endRaw();
    this.#content?.add(bytes);
  }

  async endMember(): Promise<void> {
    const [member, content] = [this.#member, this.#content?.end()];
    if (member === undefined || content === undefined) return;
    const { chunks, digest, checksum } = content;
    await this.#tarSplit.addFile(member, checksum);
    this.frames.andThen(async () => {
      for (const entry of contentsEntries(member, chunks, digest)) await this.#addEntry(entry);
    });
  }

  /** Yields the rest of the tar file. */
  async *end(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#endRaw();
    yield* this.frames.all();
  }

  /** The skippable frames at the end, and the annotations that describe them. */
  async metadata(): Promise<{
    readonly frames: readonly Uint8Array[];
    readonly annotations: Readonly<Record<string, string>>;
  }> {
    const tarSplit = await this.#tarSplit.end();
    const before = this.#hasEntries ? "" : contentsStart;
    await this.#contents.write(`${before}],"tarSplitDigest":"${tarSplit.digest}"}`);
    const contents = await this.#contents.end();
    const contentsAt = this.frames.written + skippableHeaderSize;
    const tarSplitAt = contentsAt + contents.bytes.byteLength + skippableHeaderSize;
    const contentsFields = [contentsAt, contents.bytes.byteLength, contents.textSize, contentsType];
    const tarSplitFields = [tarSplitAt, tarSplit.bytes.byteLength, tarSplit.textSize];
    return {
      frames: [
        skippable(contents.bytes),
        skippable(tarSplit.bytes),
        skippable(footer([...contentsFields, ...tarSplitFields])),
      ],
      annotations: {
        [annotationKeys.checksum]: contents.digest,
        [annotationKeys.contents]: contentsFields.join(":"),
        [annotationKeys.tarSplit]: tarSplitFields.join(":"),
      },
    };
  }

  destroy(): void {
    this.frames.destroy();
    this.#tarSplit.destroy();
    this.#contents.destroy();
  }

  #endRaw(): void {
    if (this.#rawSize === 0) return;
    this.frames.add(Buffer.concat(this.#raw));
    this.#raw = [];
    this.#rawSize = 0;
  }

  async #addEntry(entry: Readonly<Record<string, unknown>>): Promise<void> {
    const before = this.#hasEntries ? "," : contentsStart;
    this.#hasEntries = true;
    await this.#contents.write(`${before}${JSON.stringify(entry)}`);
  }
}

const contentsStart = `{"version":1,"entries":[`;
/** The type of the table of contents, which is that of CRFS. */
const contentsType = 1;
/** Metadata of empty files may be much larger than their neighbours' content. */
const maxRawSize = 1 << 20;

const skippableHeaderSize = 8;

/** A frame that decompressors skip (RFC 8878, "Skippable Frames"). */
function skippable(content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(skippableHeaderSize);
  header.writeUInt32LE(0x18_4d_2a_50, 0);
  header.writeUInt32LE(content.byteLength, 4);
  return Buffer.concat([header, content]);
}

/** Seven numbers and the magic. */
function footer(fields: readonly number[]): Uint8Array {
  const numbers = Buffer.alloc(8 * fields.length);
  for (const [at, field] of fields.entries()) numbers.writeBigUInt64LE(BigInt(field), 8 * at);
  return Buffer.concat([numbers, Buffer.from("GNUlInUx")]);
}
