import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import type { BlobInfoCache, Digest, OperationOptions, SystemContext } from "@drayage/core";
import type { BlobFact, BlobScope, RecalledBlob } from "@drayage/core/blob-info-cache";

import { CacheDatabase } from "./cache-database.ts";
import { sealWith } from "./cache-seal.ts";
import { memoryBlobInfoCache } from "./memory-blob-info-cache.ts";

/** Where a cache is kept; what of it is not there is made. */
export interface CacheFiles {
  /** A database of SQLite, with files beside it that are named for it. */
  readonly file: string;
  /**
   * With it facts are sealed, and others are not believed. Apart from the cache, so that who brings along a cache, as
   * jobs of continuous integration do, cannot put content into images.
   */
  readonly keyFile: string;
}

/**
 * Remembers in a file that many processes may share. Where that cannot be used, `onNotice` is told of it, once, and
 * what is learnt is remembered as long as the process lives.
 */
export function fileBlobInfoCache(files: CacheFiles): BlobInfoCache {
  return new FileBlobInfoCache(files);
}

/** In the user's folders for caches and for state (XDG Base Directory Specification). */
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
  /** Serves once the file did not. */
  #instead: BlobInfoCache | undefined;

  constructor(files: CacheFiles) {
    this.#files = files;
  }

  async recall(
    digests: readonly Digest[],
    scope?: BlobScope,
    options: OperationOptions = {},
  ): Promise<ReadonlyMap<Digest, RecalledBlob>> {
    options.signal?.throwIfAborted();
    // Looking up makes no file.
    if (this.#instead === undefined && !existsSync(this.#files.file)) return new Map();
    const recalled = this.#inFile((database) => database.recall(digests, scope), options);
    return recalled ?? this.#memory.recall(digests, scope, options);
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
    return (this.#instead ??= memoryBlobInfoCache());
  }

  /** Open only for as long as that takes; undefined where the file is not used. */
  #inFile<Result>(
    work: (database: CacheDatabase) => Result,
    { onNotice }: OperationOptions,
  ): Result | undefined {
    if (this.#instead !== undefined) return undefined;
    const { file, keyFile } = this.#files;
    try {
      using database = new CacheDatabase(file, sealWith(keyFile));
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

/** By the result codes of SQLite (sqlite.org/rescode.html). */
const reasons: Readonly<Record<number, string>> = {
  5: "another process has it locked",
  11: "it is damaged; remove it",
  26: "it is damaged; remove it",
};
