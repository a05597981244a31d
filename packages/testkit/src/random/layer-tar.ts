import { pack } from "tar-stream";

/** An entry of a layer. Paths have no leading slash. */
export type LayerEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode?: number | undefined }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly content: Uint8Array;
      readonly mode?: number | undefined;
    }
  | { readonly kind: "symlink" | "link"; readonly path: string; readonly target: string };

/** Writes the entries as a tar file in order, with root as owner and one time. */
export async function layerTar(
  entries: readonly LayerEntry[],
  modified: Date,
): Promise<Uint8Array> {
  const tar = pack();
  for (const entry of entries) {
    const { path: name } = entry;
    const base = { name, mtime: modified };
    switch (entry.kind) {
      case "directory":
        tar.entry({ ...base, name: `${name}/`, type: "directory", mode: entry.mode ?? 0o755 });
        break;
      case "file":
        tar.entry({ ...base, type: "file", mode: entry.mode ?? 0o644 }, Buffer.from(entry.content));
        break;
      case "symlink":
        tar.entry({ ...base, type: "symlink", linkname: entry.target, mode: 0o777 });
        break;
      case "link":
        // Some programs apply the mode of a hard link to the file.
        tar.entry({ ...base, type: "link", linkname: entry.target, mode: 0o644 });
        break;
    }
  }
  tar.finalize();
  return Buffer.concat((await Array.fromAsync(tar)) as Buffer[]);
}
