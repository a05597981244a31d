import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, open, readdir, rmdir, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { isOwn, othersMayRename } from "./file-owner.ts";
import type { OpenRegularOptions } from "./regular-file.ts";

/**
 * An open folder. With `/proc/self/fd`, paths to its entries stay in this folder even if it is renamed or replaced. On
 * other systems, that is guaranteed only if no other user may rename it.
 */
export class OpenFolder implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly status: Stats;
  /** Whether no other user can redirect the paths of `entry`. */
  readonly isSafe: boolean;

  private constructor(
    handle: FileHandle,
    opened: { readonly path: string; readonly status: Stats; readonly isSafe: boolean },
  ) {
    this.#handle = handle;
    this.#path = opened.path;
    this.status = opened.status;
    this.isSafe = opened.isSafe;
  }

  /** @throws the system error, also for a link if `followLinks` is false */
  static async open(
    folder: string,
    { followLinks = true }: OpenRegularOptions = {},
  ): Promise<OpenFolder> {
    const links = followLinks ? 0 : O_NOFOLLOW;
    const handle = await open(folder, O_RDONLY | O_DIRECTORY | O_NONBLOCK | links);
    try {
      const status = await handle.stat();
      const pinned = `/proc/self/fd/${handle.fd}`;
      const isPinned = isSame(await stat(pinned).catch(() => undefined), status);
      const isSafe = isPinned || (status.isDirectory() && !othersMayRename(status));
      return new OpenFolder(handle, { path: isPinned ? pinned : folder, status, isSafe });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  entry(name: string): string {
    return path.join(this.#path, name);
  }

  async names(): Promise<readonly string[]> {
    return readdir(this.#path);
  }

  /** The status of an entry or link itself; undefined if it does not exist. */
  async statusOf(name: string): Promise<Stats | undefined> {
    return lstat(this.entry(name)).catch(() => undefined);
  }

  /**
   * Removes an entry of this user. For a folder, removes the entries that `isRemovable` accepts, then the folder if it is
   * empty. Ignores entries that cannot be removed. Links are removed and not followed.
   */
  async remove(
    name: string,
    isRemovable: (name: string, status: Stats) => boolean = () => true,
  ): Promise<void> {
    const status = await this.statusOf(name);
    if (status === undefined || !isOwn(status)) return;
    if (status.isDirectory()) await this.#removeFolder(name, status, isRemovable);
    else await unlink(this.entry(name)).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #removeFolder(
    name: string,
    expected: Stats,
    isRemovable: (name: string, status: Stats) => boolean,
  ): Promise<void> {
    const inner = this.entry(name);
    const folder = await OpenFolder.open(inner, { followLinks: false }).catch(() => undefined);
    if (folder === undefined) return;
    await using opened = folder;
    if (!isSame(opened.status, expected) || !opened.isSafe) return;
    for (const entry of await opened.names().catch(() => [])) {
      const status = await opened.statusOf(entry);
      if (status !== undefined && isRemovable(entry, status))
        await opened.remove(entry, isRemovable);
    }
    await rmdir(inner).catch(() => {});
  }
}

// Windows has only the first flag. undefined counts as 0.
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

function isSame(one: Stats | undefined, other: Stats): boolean {
  return one !== undefined && one.dev === other.dev && one.ino === other.ino;
}
