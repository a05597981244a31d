import type { LayerEntry } from "./layer-tar.ts";
import type { SeededRandom } from "./seeded-random.ts";

const fileCount = 4;

/**
 * The entries of a layer: files in folders, including an executable and a path that needs an extended header, a
 * symbolic link and a hard link. `size` is the total size of the files.
 */
export function randomLayer(random: SeededRandom, size: number): readonly LayerEntry[] {
  const root = `layer-${random.word(8)}`;
  const folder = `${root}/${random.word(6)}`;
  const deep = `${folder}/${random.word(120)}`;
  const paths = [`${folder}/program`, `${folder}/data`, `${folder}/notes.txt`, `${deep}/deep`];
  return [
    { kind: "directory", path: root },
    { kind: "directory", path: folder },
    { kind: "directory", path: deep },
    ...paths.map((path, at) => ({
      kind: "file" as const,
      path,
      content: random.bytes(shareOf(size, at)),
      mode: at === 0 ? 0o755 : 0o644,
    })),
    { kind: "symlink", path: `${root}/current`, target: folder.slice(root.length + 1) },
    { kind: "link", path: `${folder}/same-data`, target: `${folder}/data` },
  ];
}

/** Removes a file of the layer below (OCI image-spec, layer.md, "Whiteouts"). */
export function whiteoutOf(below: readonly LayerEntry[]): readonly LayerEntry[] {
  const file = below.find(({ path }) => path.endsWith("/notes.txt"));
  if (file === undefined) return [];
  const slash = file.path.lastIndexOf("/");
  const path = `${file.path.slice(0, slash)}/.wh.${file.path.slice(slash + 1)}`;
  return [{ kind: "file", path, content: new Uint8Array(0) }];
}

function shareOf(size: number, at: number): number {
  const share = Math.floor(size / fileCount);
  return at === 0 ? size - share * (fileCount - 1) : share;
}
