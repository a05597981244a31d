import { digestOf } from "@drayage/core";

import { tarFile, tarRecord } from "./tar-file.ts";
import type { TarFileMember } from "./tar-file.ts";

/** An archive that every reader must reject. */
export interface HostileArchive {
  /** The defect, for the name of a test. */
  readonly what: string;
  readonly content: Buffer;
  /** A text that the error must contain. */
  readonly culprit: string;
}

const layer = tarFile([{ name: "etc/hello", content: "hello" }]).toString("latin1");
const config = JSON.stringify({
  rootfs: { type: "layers", diff_ids: [digestOf(Buffer.from(layer))] },
});
const manifest = JSON.stringify([{ Config: "c.json", RepoTags: ["a:1"], Layers: ["l.tar"] }]);

/** The members of a docker archive with one small image, named `c.json`, `l.tar` and `manifest.json`. */
export const smallArchive: readonly TarFileMember[] = [
  { name: "c.json", content: config },
  { name: "l.tar", content: layer },
  { name: "manifest.json", content: manifest },
];

/** The same archive with some members replaced. */
export function smallArchiveBut(...others: readonly TarFileMember[]): Buffer {
  const isOther = ({ name }: TarFileMember): boolean => others.some((one) => one.name === name);
  return tarFile([...smallArchive.filter((member) => !isOther(member)), ...others]);
}

/**
 * Docker archives with path traversals, wrong sizes and ambiguous members. Readers reject them with `invalid-manifest`.
 */
export const hostileArchives: readonly HostileArchive[] = [
  {
    what: "an absolute path",
    content: smallArchiveBut({ name: "/etc/passwd", content: "x" }),
    culprit: "/etc/passwd",
  },
  {
    what: "a path outside of the archive",
    content: smallArchiveBut({ name: "a/../../b", content: "x" }),
    culprit: "a/../../b",
  },
  {
    what: "a link outside of the archive",
    content: smallArchiveBut({ name: "l.tar", type: "2", linkName: "../../etc/passwd" }),
    culprit: "l.tar",
  },
  {
    what: "a link to itself",
    content: smallArchiveBut({ name: "l.tar", type: "2", linkName: "l.tar" }),
    culprit: "l.tar",
  },
  {
    what: "a device as a layer",
    content: smallArchiveBut({ name: "l.tar", type: "3" }),
    culprit: "l.tar",
  },
  {
    what: "a folder as a config",
    content: smallArchiveBut({ name: "c.json", type: "5" }),
    culprit: "c.json",
  },
  {
    what: "a sparse file",
    content: smallArchiveBut({ name: "l.tar", type: "S", content: layer }),
    culprit: "l.tar",
  },
  {
    what: "a size of gigabytes",
    content: smallArchiveBut({ name: "l.tar", size: 8 ** 11 - 1 }),
    culprit: "l.tar",
  },
  {
    what: "a size of ten terabytes",
    content: smallArchiveBut(
      { name: "x", type: "x", content: tarRecord("size", String(10 * 2 ** 40)) },
      { name: "l.tar", content: layer },
    ),
    culprit: "l.tar",
  },
  {
    what: "a duplicate member with other content",
    content: tarFile([...smallArchive, { name: "c.json", content: "{}" }]),
    culprit: "c.json",
  },
  {
    what: "a missing layer",
    content: tarFile(smallArchive.filter(({ name }) => name !== "l.tar")),
    culprit: "l.tar",
  },
  {
    what: "a negative size in records",
    content: smallArchiveBut({ name: "x", type: "x", content: tarRecord("size", "-10") }),
    culprit: "-10",
  },
];
