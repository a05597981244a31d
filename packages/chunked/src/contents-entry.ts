import type { FramePosition } from "./frames.ts";
import type { TarMember } from "./tar-member.ts";

/** A chunk of a file in the table of contents. */
export interface StoredChunk {
  readonly position: FramePosition;
  /** The position in the file. */
  readonly offset: number;
  readonly size: number;
  readonly kind: "data" | "zeros";
  /** The digest of the uncompressed chunk. Required if there are several. */
  readonly digest?: string | undefined;
}

/**
 * The entries of a member in the table of contents of zstd:chunked: one for the member, and one for each further chunk.
 * Fields are in the order of containers/storage, which omits empty ones.
 */
export function contentsEntries(
  member: TarMember,
  chunks: readonly StoredChunk[],
  digest: string | undefined,
): readonly Readonly<Record<string, unknown>>[] {
  const [first, ...others] = chunks;
  const hasSeveral = others.length > 0;
  const main = withoutEmpty({
    type: member.type,
    name: member.name,
    linkName: member.linkName,
    mode: member.mode,
    size: member.size,
    uid: member.uid,
    gid: member.gid,
    modtime: member.modifiedAt,
    accesstime: member.accessedAt,
    changetime: member.changedAt,
    devMajor: member.deviceMajor,
    devMinor: member.deviceMinor,
    xattrs: member.extendedAttributes,
    digest,
    offset: first?.position.start,
    endOffset: chunks.at(-1)?.position.end,
    ...(hasSeveral && first !== undefined && chunkFields(first)),
  });
  const further = others.map((chunk) =>
    withoutEmpty({
      type: "chunk",
      name: member.name,
      offset: chunk.position.start,
      ...chunkFields(chunk),
    }),
  );
  return [main, ...further];
}

function chunkFields({
  size,
  offset,
  digest,
  kind,
}: StoredChunk): Readonly<Record<string, unknown>> {
  return {
    chunkSize: size,
    chunkOffset: offset,
    chunkDigest: digest,
    chunkType: kind === "zeros" ? kind : undefined,
  };
}

function withoutEmpty(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isEmpty = (value: unknown): boolean =>
    value === undefined ||
    value === 0 ||
    value === "" ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => !isEmpty(value)));
}
