import path from "node:path";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";

import { isDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";
import type {
  BlobFact,
  BlobScope,
  CompressedForm,
  CachedBlob,
  UncompressedForm,
} from "@drayage/core/blob-info-cache";
import { makeOwnFolder } from "@drayage/transport-kit/files";

import type { EntryMAC } from "./entry-mac.ts";
import { formatCompression, parseCompression } from "./form-text.ts";
import { loadSQLite } from "./load-sqlite.ts";
import { maxEntries } from "./max-entries.ts";

/** Bytes. A larger database loses the older half of its rows. */
const maxSize = 16 << 20;
/** Milliseconds to wait, blocking this process, while another process writes. */
const busyTimeout = 2000;
/** The version of `schema`, which drops the tables of version 1. */
const schemaVersion = 2;

/** An open database of facts. Several processes may have it open at once. */
export class CacheDatabase implements Disposable {
  readonly #database: DatabaseSync;
  readonly #mac: EntryMAC;

  /**
   * Creates the file if it is absent.
   * @throws ImageError `denied` if other users can write to its folder; an error of SQLite if the file is not a database or cannot be written
   */
  constructor(file: string, mac: EntryMAC) {
    makeOwnFolder(path.dirname(file));
    const { DatabaseSync: Database } = loadSQLite();
    this.#mac = mac;
    this.#database = new Database(file);
    try {
      this.#database.exec(`
        pragma busy_timeout = ${busyTimeout};
        pragma journal_mode = wal;
        pragma synchronous = normal;
      `);
      const version = this.#number("user_version");
      if (version > schemaVersion) throw new Error("a newer version of Drayage wrote it");
      if (version < schemaVersion) this.#transaction(() => this.#database.exec(schema));
      this.#database.exec("create index if not exists forms on compressed_forms (form)");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  lookUp(
    digests: readonly Digest[],
    { transport = "", scope = "" }: Partial<BlobScope> = {},
  ): ReadonlyMap<Digest, CachedBlob> {
    const compressed = this.#database.prepare(
      `select form, size, compression, mac from compressed_forms where digest = ? order by rowid desc limit ${maxEntries}`,
    );
    const decompressed = this.#database.prepare(
      "select digest, size, compression, mac from compressed_forms where form = ? order by rowid desc limit 1",
    );
    const located = this.#database.prepare(
      `select location from locations where digest = ? and transport = ? and scope = ? order by rowid desc limit ${maxEntries}`,
    );
    const found = new Map<Digest, CachedBlob>();
    for (const digest of digests) {
      const forms = compressed.all(digest).flatMap((row) => this.#formIn(digest, row) ?? []);
      const paths = located.all(digest, transport, scope).map(({ location }) => String(location));
      const uncompressed = this.#uncompressedIn(digest, decompressed.get(digest));
      if (forms.length + paths.length > 0 || uncompressed !== undefined)
        found.set(digest, { compressed: forms, uncompressed, paths });
    }
    return found;
  }

  record(facts: readonly BlobFact[]): void {
    this.#transaction(() => {
      this.#shrink();
      const compressed = this.#database.prepare(
        "replace into compressed_forms values (?, ?, ?, ?, ?)",
      );
      const located = this.#database.prepare("replace into locations values (?, ?, ?, ?)");
      for (const fact of facts) {
        switch (fact.kind) {
          case "compressed": {
            const { digest, form } = fact;
            const mac = this.#mac(digest, form);
            compressed.run(digest, form.digest, form.size, formatCompression(form), mac);
            break;
          }
          case "location": {
            const { transport, scope } = fact.scope;
            located.run(fact.digest, transport, scope, fact.path);
            break;
          }
        }
      }
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Undefined without a row, or if the row is invalid or its MAC is not valid. */
  #uncompressedIn(
    form: Digest,
    row: Record<string, SQLOutputValue> | undefined,
  ): UncompressedForm | undefined {
    if (row === undefined || !isDigest(row["digest"])) return undefined;
    const { digest } = row;
    const compressed = this.#formIn(digest, { ...row, form });
    return compressed && { digest, compression: compressed.compression };
  }

  /** Undefined if the row is invalid or its MAC is not valid. */
  #formIn(digest: Digest, row: Record<string, SQLOutputValue>): CompressedForm | undefined {
    const { form, size, compression, mac } = row;
    if (!isDigest(form) || typeof size !== "number") return undefined;
    const known = parseCompression(String(compression));
    if (known === undefined) return undefined;
    const found: CompressedForm = { digest: form, size, ...known };
    return this.#mac(digest, found) === mac ? found : undefined;
  }

  #shrink(): void {
    const pages = this.#number("page_count") - this.#number("freelist_count");
    if (pages * this.#number("page_size") < maxSize) return;
    for (const table of ["compressed_forms", "locations"]) {
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

/** A fact that is recorded again gets a new `rowid`, so the highest `rowid` is the newest fact. */
const schema = `
  drop table if exists packed;
  drop table if exists seen;
  create table if not exists compressed_forms (
    digest text not null, form text not null, size integer not null, compression text not null, mac text not null,
    unique (digest, form)
  ) strict;
  create table if not exists locations (
    digest text not null, transport text not null, scope text not null, location text not null,
    unique (digest, transport, scope, location)
  ) strict;
  pragma user_version = ${schemaVersion};
`;
