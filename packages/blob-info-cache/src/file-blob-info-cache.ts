import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import type { BlobInfoCache, Digest, OperationOptions, SystemContext } from "@drayage/core";
import type { BlobFact, BlobScope, CachedBlob } from "@drayage/core/blob-info-cache";

import { CacheDatabase } from "./cache-database.ts";
import { entryMAC } from "./entry-mac.ts";
import { memoryBlobInfoCache } from "./memory-blob-info-cache.ts";

/** The files of a cache. They are created when they are absent. */
export interface CacheFiles {
  /** An SQLite database. SQLite creates more files beside it, with its name and a suffix. */
  readonly file: string;
  /**
   * The key for MACs. Entries without a valid MAC are ignored. Keep the key apart from the database: CI jobs share
   * caches, and a cache without the key cannot put content into images.
   */
  readonly keyFile: string;
}

/**
 * A cache in a file that several processes may share. If the file cannot be used, the cache reports this to `onNotice`
 * once and stores later facts in memory.
 */
export function fileBlobInfoCache(files: CacheFiles): BlobInfoCache {
  return new FileBlobInfoCache(files);
}

/** Returns paths in the user's cache and state folders (XDG Base Directory Specification). */
export function userCacheFiles({ environment = process.env }: SystemContext = {}): CacheFiles {
  const home = environment["HOME"] || homedir();
  const cache = environment["XDG_CACHE_HOME"] || path.join(home, ".cache");
  const state = environment["XDG_STATE_HOME"] || path.join(home, ".local/state");
  return {
    file: path.join(cache, "drayage/blob-info.sqlite"),
    keyFile: path.join(state, "drayage/blob-info.key"),
  };
}

class FileBlobInfoCache implements BlobInfoCache {
  readonly #files: CacheFiles;
  /** Replaces the file after it could not be used. */
  #fallback: BlobInfoCache | undefined;

  constructor(files: CacheFiles) {
    this.#files = files;
  }

  async lookUp(
    digests: readonly Digest[],
    scope?: BlobScope,
    options: OperationOptions = {},
  ): Promise<ReadonlyMap<Digest, CachedBlob>> {
    options.signal?.throwIfAborted();
    // A lookup does not create the file.
    if (this.#fallback === undefined && !existsSync(this.#files.file)) return new Map();
    const found = this.#inFile((database) => database.lookUp(digests, scope), options);
    return found ?? this.#memory.lookUp(digests, scope, options);
  }

  async record(facts: readonly BlobFact[], options: OperationOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const isDone = this.#inFile((database) => {
      database.record(facts);
      return true;
    }, options);
    if (!isDone) await this.#memory.record(facts, options);
  }

  get #memory(): BlobInfoCache {
    return (this.#fallback ??= memoryBlobInfoCache());
  }

  /** Opens the file only for this work. Returns undefined if the file cannot be used. */
  #inFile<Result>(
    work: (database: CacheDatabase) => Result,
    { onNotice }: OperationOptions,
  ): Result | undefined {
    if (this.#fallback !== undefined) return undefined;
    const { file, keyFile } = this.#files;
    try {
      using database = new CacheDatabase(file, entryMAC(keyFile));
      return work(database);
    } catch (error) {
      onNotice?.({ kind: "cache", text: `${file} is not used as a cache: ${reasonOf(error)}` });
      return undefined;
    }
  }
}

function reasonOf(error: unknown): string {
  const { errcode, message } = error as { readonly errcode?: number; readonly message: string };
  return (errcode && reasons[errcode]) || message;
}

/** The result codes of SQLite (sqlite.org/rescode.html). */
const reasons: Readonly<Record<number, string>> = {
  5: "another process has it locked",
  11: "it is damaged; remove it",
  26: "it is damaged; remove it",
};
