import path from "node:path";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";

import { isDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";
import type { BlobFact, BlobScope, PackedForm, RecalledBlob } from "@drayage/core/blob-info-cache";
import { makeOwnFolder } from "@drayage/transport-kit/files";

import type { Seal } from "./cache-seal.ts";
import { loadSQLite } from "./load-sqlite.ts";
import { maxRecalled } from "./max-recalled.ts";

/** Bytes from which on the older half is forgotten. */
const mostSize = 16 << 20;
/** Milliseconds for which the process stands still where others write. */
const patience = 2000;

/** A file of facts, open. Many processes may have it open at once. */
export class CacheDatabase implements Disposable {
  readonly #database: DatabaseSync;
  readonly #seal: Seal;

  /** @throws ImageError `denied` where others may write to its folder; Error of SQLite for a file that is none of its own, or cannot be written */
  constructor(file: string, seal: Seal) {
    makeOwnFolder(path.dirname(file));
    const { DatabaseSync: Database } = loadSQLite();
    this.#seal = seal;
    this.#database = new Database(file);
    try {
      this.#database.exec(`
        pragma busy_timeout = ${patience};
        pragma journal_mode = wal;
        pragma synchronous = normal;
      `);
      if (this.#number("user_version") === 0) this.#transaction(() => this.#database.exec(schema));
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  recall(
    digests: readonly Digest[],
    { transport = "", scope = "" }: Partial<BlobScope> = {},
  ): ReadonlyMap<Digest, RecalledBlob> {
    const packed = this.#database.prepare(
      `select form, size, compression, seal from packed where digest = ? order by rowid desc limit ${maxRecalled}`,
    );
    const seen = this.#database.prepare(
      `select location from seen where digest = ? and transport = ? and scope = ? order by rowid desc limit ${maxRecalled}`,
    );
    const recalled = new Map<Digest, RecalledBlob>();
    for (const digest of digests) {
      const forms = packed.all(digest).flatMap((row) => this.#formIn(digest, row) ?? []);
      const locations = seen.all(digest, transport, scope).map(({ location }) => String(location));
      if (forms.length + locations.length > 0) recalled.set(digest, { packed: forms, locations });
    }
    return recalled;
  }

  record(facts: readonly BlobFact[]): void {
    this.#transaction(() => {
      this.#shrink();
      const packed = this.#database.prepare("replace into packed values (?, ?, ?, ?, ?)");
      const seen = this.#database.prepare("replace into seen values (?, ?, ?, ?)");
      for (const fact of facts) {
        switch (fact.kind) {
          case "packed": {
            const { digest, form } = fact;
            const seal = this.#seal(digest, form);
            packed.run(digest, form.digest, form.size, form.compression, seal);
            break;
          }
          case "seen": {
            const { transport, scope } = fact.scope;
            seen.run(fact.digest, transport, scope, fact.location);
            break;
          }
        }
      }
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** undefined for what was not written here. */
  #formIn(digest: Digest, row: Record<string, SQLOutputValue>): PackedForm | undefined {
    const { form, size, compression, seal } = row;
    if (!isDigest(form) || typeof size !== "number") return undefined;
    if (compression !== "gzip" && compression !== "zstd") return undefined;
    const found = { digest: form, size, compression } as const;
    return this.#seal(digest, found) === seal ? found : undefined;
  }

  #shrink(): void {
    const pages = this.#number("page_count") - this.#number("freelist_count");
    if (pages * this.#number("page_size") < mostSize) return;
    for (const table of ["packed", "seen"]) {
      const middle = `(select (min(rowid) + max(rowid)) / 2 from ${table})`;
      this.#database.exec(`delete from ${table} where rowid <= ${middle}`);
    }
  }

  #number(pragma: string): number {
    return Number(this.#database.prepare(`pragma ${pragma}`).get()?.[pragma]);
  }

  #transaction(work: () => void): void {
    this.#database.exec("begin immediate");
    try {
      work();
      this.#database.exec("commit");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw error;
    }
  }
}

/** What is learnt again gets a new row number: the highest is the newest. */
const schema = `
  create table if not exists packed (
    digest text not null, form text not null, size integer not null, compression text not null, seal text not null,
    unique (digest, form)
  ) strict;
  create table if not exists seen (
    digest text not null, transport text not null, scope text not null, location text not null,
    unique (digest, transport, scope, location)
  ) strict;
  pragma user_version = 1;
`;
