import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { Digest, Notice } from "@drayage/core";
import { ended, startProgram } from "@drayage/test-support";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { fileBlobInfoCache, userCacheFiles } from "../src/index.ts";
import type { CacheFiles } from "../src/index.ts";
import {
  compressedFact,
  digest,
  gzipForm,
  locationFact,
  registry,
  scratchFiles,
} from "./cache-facts.ts";

const program = path.join(import.meta.dirname, "recording.program.ts");

/** Looks a blob up, and returns the notices of the lookup. */
async function lookedUp(
  files: CacheFiles,
  name = "a",
): Promise<{ readonly found: unknown; readonly notices: readonly Notice[] }> {
  const notices: Notice[] = [];
  const options = { onNotice: (notice: Notice) => void notices.push(notice) };
  const blobs = await fileBlobInfoCache(files).lookUp([digest(name)], registry, options);
  return { found: blobs.get(digest(name)), notices };
}

async function recorded(): Promise<CacheFiles> {
  const files = await scratchFiles();
  await fileBlobInfoCache(files).record([
    compressedFact("a", gzipForm("a.gz")),
    locationFact("a", "here"),
  ]);
  return files;
}

const whole = { compressed: [gzipForm("a.gz")], paths: ["here"] };

describe("a cache in a file", () => {
  test("is shared between processes, and private to the user", async () => {
    const files = await recorded();
    expect(await lookedUp(files)).toEqual({ found: whole, notices: [] });
    expect((await stat(path.dirname(files.file))).mode & 0o777).toBe(0o700);
    expect((await stat(files.keyFile)).mode & 0o777).toBe(0o600);
  });

  test("does not create files for a lookup", async () => {
    const files = await scratchFiles();
    expect(await lookedUp(files)).toEqual({ found: undefined, notices: [] });
    expect(existsSync(path.dirname(files.file))).toBe(false);
    expect(existsSync(files.keyFile)).toBe(false);
  });

  test("is stored in the user's folders", () => {
    expect(userCacheFiles({ environment: { HOME: "/home/me" } })).toEqual({
      file: "/home/me/.cache/drayage/blob-info.sqlite",
      keyFile: "/home/me/.local/state/drayage/blob-info.key",
    });
    const environment = { HOME: "/home/me", XDG_CACHE_HOME: "/c", XDG_STATE_HOME: "/s" };
    expect(userCacheFiles({ environment })).toEqual({
      file: "/c/drayage/blob-info.sqlite",
      keyFile: "/s/drayage/blob-info.key",
    });
  });

  test("loses no facts and reports no notices when processes write at once", async () => {
    const { file, keyFile } = await recorded();
    const names = ["one", "two", "three"];
    const children = names.map((name) => startProgram(program, file, keyFile, name, "10"));
    expect(await Promise.all(children.map(async (child) => ended(child)))).toEqual([0, 0, 0]);
    for (const name of names) {
      for (const index of Array.from({ length: 10 }).keys()) {
        const { found } = await lookedUp({ file, keyFile }, `${name} ${index}`);
        expect(found).toEqual({ compressed: [gzipForm(`${name} ${index}.gz`)], paths: [] });
      }
    }
  });

  test("drops the older half when the file becomes too large", async () => {
    const { file, keyFile } = await recorded();
    const database = new DatabaseSync(file);
    const insert = database.prepare("insert into locations values (?, 'docker', 'large', ?)");
    for (let index = 0; index < 18; index++)
      insert.run(digest("large"), `${index}`.padEnd(1 << 20));
    database.close();
    await fileBlobInfoCache({ file, keyFile }).record([locationFact("a", "now")]);
    expect(await lookedUp({ file, keyFile })).toMatchObject({
      found: { paths: ["now"] },
      notices: [],
    });
    const scope = { transport: "docker", scope: "large" };
    const large = await fileBlobInfoCache({ file, keyFile }).lookUp([digest("large")], scope);
    expect(large.get(digest("large"))?.paths).toHaveLength(5);
  });
});

test("the entries of version 1 are dropped, and the file is used", async () => {
  const files = await scratchFiles();
  await mkdir(path.dirname(files.file), { mode: 0o700, recursive: true });
  const database = new DatabaseSync(files.file);
  database.exec(`
    create table packed (digest text, form text, size integer, compression text, seal text);
    create table seen (digest text, transport text, scope text, location text);
    insert into seen values ('${digest("a")}', 'docker', 'registry.example.com', 'library/alpine');
    pragma user_version = 1;
  `);
  database.close();
  expect(await lookedUp(files)).toEqual({ found: undefined, notices: [] });
  await fileBlobInfoCache(files).record([locationFact("a", "here")]);
  expect(await lookedUp(files)).toMatchObject({ found: { paths: ["here"] }, notices: [] });
  using later = new DatabaseSync(files.file);
  expect(later.prepare("select name from sqlite_schema where name = 'seen'").all()).toEqual([]);
});

describe("a cache in a file that cannot be used", () => {
  async function recordedInMemory(files: CacheFiles): Promise<readonly Notice[]> {
    const notices: Notice[] = [];
    const options = { onNotice: (notice: Notice) => void notices.push(notice) };
    const cache = fileBlobInfoCache(files);
    await cache.record([compressedFact("b", gzipForm("b.gz"))], options);
    const found = await cache.lookUp([digest("b")], registry, options);
    expect(found.get(digest("b"))).toEqual({ compressed: [gzipForm("b.gz")], paths: [] });
    return notices;
  }

  const noticeWith = (text: string): readonly unknown[] => [
    { kind: "cache", text: expect.stringContaining(text) as string },
  ];

  test("because it is not a database is left unchanged and reported once", async () => {
    const files = await scratchFiles();
    await mkdir(path.dirname(files.file), { recursive: true });
    const content = "This is not a database.\n".repeat(20);
    await writeFile(files.file, content);
    expect(await recordedInMemory(files)).toEqual(noticeWith("is damaged; remove it"));
    expect(await readFile(files.file, "utf8")).toBe(content);
  });

  test("because its folder cannot be created is reported", async () => {
    const files = await scratchFiles();
    await writeFile(path.dirname(files.file), "");
    expect(await recordedInMemory(files)).toEqual(noticeWith(files.file));
  });

  test("because the folder of its key cannot be created is reported", async () => {
    const files = await scratchFiles();
    await writeFile(path.dirname(files.keyFile), "");
    expect(await recordedInMemory(files)).toEqual(noticeWith(files.file));
  });

  test.each(["file", "keyFile"] as const)(
    "because others may write to the folder of its %s is reported",
    async (kind) => {
      const files = await scratchFiles();
      const folder = path.dirname(files[kind]);
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o777);
      expect(await recordedInMemory(files)).toEqual(noticeWith("others may write to it"));
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test.skipIf(process.getuid?.() !== 0)(
    "because its folder belongs to another user is reported",
    async () => {
      const files = await scratchFiles();
      const folder = path.dirname(files.file);
      await mkdir(folder, { recursive: true });
      await chown(folder, 65_534, 65_534);
      expect(await recordedInMemory(files)).toEqual(noticeWith("belongs to another user"));
    },
  );

  test.skipIf(process.platform !== "linux")(
    "because its file system is read-only is reported",
    async () => {
      const { keyFile } = await scratchFiles();
      const notices = await recordedInMemory({ file: "/proc/drayage/cache", keyFile });
      expect(notices).toEqual(noticeWith("/proc/drayage/cache"));
    },
  );

  test("because a newer version wrote it is reported, and the file stays as it is", async () => {
    const files = await recorded();
    using database = new DatabaseSync(files.file);
    database.exec("pragma user_version = 1000");
    expect(await recordedInMemory(files)).toEqual(noticeWith("a newer version of Drayage"));
    expect(database.prepare("pragma user_version").get()).toEqual({ user_version: 1000 });
  });

  test("because another process has locked it is reported after a timeout", async () => {
    const files = await recorded();
    const database = new DatabaseSync(files.file);
    database.exec("begin immediate");
    expect(await recordedInMemory(files)).toEqual(noticeWith("another process has it locked"));
    database.close();
  });
});

describe("an entry from an untrusted source", () => {
  /** Looks a blob up after the statement changed the database. */
  async function foundAfter(
    sql: string,
    ...values: readonly (string | number)[]
  ): Promise<unknown> {
    const files = await recorded();
    const database = new DatabaseSync(files.file);
    database.prepare(sql).run(...values);
    database.close();
    const { found, notices } = await lookedUp(files);
    expect(notices).toEqual([]);
    return found;
  }

  test("is ignored without a valid MAC", async () => {
    const row = "insert into compressed_forms values (?, ?, ?, ?, ?)";
    const [a, other] = [digest("a"), digest("other")];
    expect(await foundAfter(row, a, other, 7, "gzip", "")).toEqual(whole);
    expect(await foundAfter(row, a, "../../etc", 7, "gzip", "")).toEqual(whole);
    expect(await foundAfter(`update compressed_forms set form = ?`, other)).toEqual({
      ...whole,
      compressed: [],
    });
    expect(await foundAfter(`update compressed_forms set size = 8`)).toEqual({
      ...whole,
      compressed: [],
    });
    const chunked = '{"compression":"gzip","name":"x","annotations":{}}';
    expect(await foundAfter(`update compressed_forms set compression = ?`, chunked)).toEqual({
      ...whole,
      compressed: [],
    });
    const exchanged = `insert into compressed_forms select digest, ?, size, compression, mac from compressed_forms`;
    expect(await foundAfter(exchanged, other)).toEqual(whole);
  });

  test("is no uncompressed form without a valid MAC", async () => {
    const uncompressed = { digest: digest("a"), compression: "gzip" };
    const formAfter = async (sql: string, ...values: readonly string[]): Promise<unknown> => {
      const files = await recorded();
      using database = new DatabaseSync(files.file);
      database.prepare(sql).run(...values);
      return (await lookedUp(files, "a.gz")).found;
    };
    expect(await formAfter("update locations set location = 'x'")).toEqual({
      compressed: [],
      paths: [],
      uncompressed,
    });
    const other = digest("other");
    expect(await formAfter("update compressed_forms set digest = ?", other)).toBeUndefined();
    expect(await formAfter("update compressed_forms set digest = 'x'")).toBeUndefined();
    expect(await formAfter("update compressed_forms set compression = 'zstd'")).toBeUndefined();
  });

  test("is ignored if its MAC was made with another key", async () => {
    const files = await recorded();
    await rm(files.keyFile);
    expect(await lookedUp(files)).toEqual({ found: { ...whole, compressed: [] }, notices: [] });
    await fileBlobInfoCache(files).record([compressedFact("a", gzipForm("a.gz"))]);
    expect(await lookedUp(files)).toEqual({ found: whole, notices: [] });
  });

  test.each([
    ["others may write to the key file", (key: string) => chmod(key, 0o666)],
    [
      "the key file is a link",
      (key: string) => replaceFile(key, (to) => symlink("/etc/hostname", to)),
    ],
    [
      "the key file is a pipe",
      (key: string) => replaceFile(key, async (to) => execFileSync("mkfifo", [to])),
    ],
  ])("is ignored if %s", async (_, change) => {
    const files = await recorded();
    await change(files.keyFile);
    expect(await lookedUp(files)).toEqual({ found: { ...whole, compressed: [] }, notices: [] });
    const status = await lstat(files.keyFile);
    expect([status.isFile(), status.mode & 0o777, status.size]).toEqual([true, 0o600, 32]);
  });

  async function replaceFile(
    file: string,
    create: (file: string) => Promise<unknown>,
  ): Promise<void> {
    await rm(file);
    await create(file);
  }

  test("is never returned from a damaged file", async () => {
    const files = await recorded();
    const intact = await readFile(files.file);
    const damage = fc.array(fc.tuple(fc.nat(intact.byteLength - 1), fc.nat(255)), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(intact.byteLength), async (changes, cut) => {
        const bytes = Buffer.from(intact);
        for (const [offset, byte] of changes) bytes[offset] = byte;
        await writeFile(files.file, bytes);
        if (cut % 3 === 0) await truncate(files.file, cut);
        for (const suffix of ["-wal", "-shm"]) await rm(files.file + suffix, { force: true });
        const notices: Notice[] = [];
        const options = { onNotice: (notice: Notice) => void notices.push(notice) };
        const cache = fileBlobInfoCache(files);
        const found = await cache.lookUp([digest("a"), digest("a.gz")], registry, options);
        const forms: readonly Digest[] =
          found.get(digest("a"))?.compressed.map((one) => one.digest) ?? [];
        expect([[], [digest("a.gz")]]).toContainEqual(forms);
        const uncompressed = found.get(digest("a.gz"))?.uncompressed?.digest;
        expect([undefined, digest("a")]).toContain(uncompressed);
        await cache.record([compressedFact("b", gzipForm("b.gz"))], options);
        expect(notices.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});
