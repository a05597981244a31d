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
import { digest, form, packed, registry, scratchFiles, seen } from "./cache-facts.ts";

const program = path.join(import.meta.dirname, "recording.program.ts");

/** What is known of a blob, and what was said meanwhile. */
async function lookedUp(
  files: CacheFiles,
  name = "a",
): Promise<{ readonly known: unknown; readonly notices: readonly Notice[] }> {
  const notices: Notice[] = [];
  const options = { onNotice: (notice: Notice) => void notices.push(notice) };
  const known = await fileBlobInfoCache(files).recall([digest(name)], registry, options);
  return { known: known.get(digest(name)), notices };
}

async function recorded(): Promise<CacheFiles> {
  const files = await scratchFiles();
  await fileBlobInfoCache(files).record([packed("a", form("a.gz")), seen("a", "there")]);
  return files;
}

const whole = { packed: [form("a.gz")], locations: ["there"] };

describe("a cache in a file", () => {
  test("is there for others, and for nobody else's eyes", async () => {
    const files = await recorded();
    expect(await lookedUp(files)).toEqual({ known: whole, notices: [] });
    expect((await stat(path.dirname(files.file))).mode & 0o777).toBe(0o700);
    expect((await stat(files.keyFile)).mode & 0o777).toBe(0o600);
  });

  test("makes no file to look something up", async () => {
    const files = await scratchFiles();
    expect(await lookedUp(files)).toEqual({ known: undefined, notices: [] });
    expect(existsSync(path.dirname(files.file))).toBe(false);
    expect(existsSync(files.keyFile)).toBe(false);
  });

  test("lies in the user's folders", () => {
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

  test("loses nothing when processes write at once, and they say nothing", async () => {
    const { file, keyFile } = await recorded();
    const names = ["one", "two", "three"];
    const children = names.map((name) => startProgram(program, file, keyFile, name, "10"));
    expect(await Promise.all(children.map(async (child) => ended(child)))).toEqual([0, 0, 0]);
    for (const name of names) {
      for (const at of Array.from({ length: 10 }).keys()) {
        const { known } = await lookedUp({ file, keyFile }, `${name} ${at}`);
        expect(known).toEqual({ packed: [form(`${name} ${at}.gz`)], locations: [] });
      }
    }
  });

  test("forgets the older half when it grew too large", async () => {
    const { file, keyFile } = await recorded();
    const database = new DatabaseSync(file);
    const insert = database.prepare("insert into seen values (?, 'docker', 'large', ?)");
    for (let at = 0; at < 18; at++) insert.run(digest("large"), `${at}`.padEnd(1 << 20));
    database.close();
    await fileBlobInfoCache({ file, keyFile }).record([seen("a", "now")]);
    expect(await lookedUp({ file, keyFile })).toMatchObject({
      known: { locations: ["now"] },
      notices: [],
    });
    const scope = { transport: "docker", scope: "large" };
    const large = await fileBlobInfoCache({ file, keyFile }).recall([digest("large")], scope);
    expect(large.get(digest("large"))?.locations).toHaveLength(5);
  });
});

describe("a cache in a file that cannot be used", () => {
  async function isUsedInMemory(files: CacheFiles): Promise<readonly Notice[]> {
    const notices: Notice[] = [];
    const options = { onNotice: (notice: Notice) => void notices.push(notice) };
    const cache = fileBlobInfoCache(files);
    await cache.record([packed("b", form("b.gz"))], options);
    const recalled = await cache.recall([digest("b")], registry, options);
    expect(recalled.get(digest("b"))).toEqual({ packed: [form("b.gz")], locations: [] });
    return notices;
  }

  const told = (text: string): readonly unknown[] => [
    { kind: "cache", text: expect.stringContaining(text) as string },
  ];

  test("because it is something else is left as it is, and that is said once", async () => {
    const files = await scratchFiles();
    await mkdir(path.dirname(files.file), { recursive: true });
    const content = "This is no database, and nobody will find out what it is.\n".repeat(20);
    await writeFile(files.file, content);
    expect(await isUsedInMemory(files)).toEqual(told("is damaged; remove it"));
    expect(await readFile(files.file, "utf8")).toBe(content);
  });

  test("because its folder cannot be made says so", async () => {
    const files = await scratchFiles();
    await writeFile(path.dirname(files.file), "");
    expect(await isUsedInMemory(files)).toEqual(told(files.file));
  });

  test("because there is no place for its key says so", async () => {
    const files = await scratchFiles();
    await writeFile(path.dirname(files.keyFile), "");
    expect(await isUsedInMemory(files)).toEqual(told(files.file));
  });

  test.each(["file", "keyFile"] as const)(
    "because others may write to the folder of its %s says so",
    async (kind) => {
      const files = await scratchFiles();
      const folder = path.dirname(files[kind]);
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o777);
      expect(await isUsedInMemory(files)).toEqual(told("others may write to it"));
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test.skipIf(process.getuid?.() !== 0)("because it is in another user's folder", async () => {
    const files = await scratchFiles();
    const folder = path.dirname(files.file);
    await mkdir(folder, { recursive: true });
    await chown(folder, 65_534, 65_534);
    expect(await isUsedInMemory(files)).toEqual(told("belongs to another user"));
  });

  test.skipIf(process.platform !== "linux")(
    "because its file system takes none ends, and says so",
    async () => {
      const { keyFile } = await scratchFiles();
      const notices = await isUsedInMemory({ file: "/proc/drayage/cache", keyFile });
      expect(notices).toEqual(told("/proc/drayage/cache"));
    },
  );

  test("because somebody holds it does not wait for ever", async () => {
    const files = await recorded();
    const database = new DatabaseSync(files.file);
    database.exec("begin immediate");
    expect(await isUsedInMemory(files)).toEqual(told("another process has it locked"));
    database.close();
  });
});

describe("what somebody else put into a cache", () => {
  /** As it is in a cache whose rows were written by hand. */
  async function planted(sql: string, ...values: readonly (string | number)[]): Promise<unknown> {
    const files = await recorded();
    const database = new DatabaseSync(files.file);
    database.prepare(sql).run(...values);
    database.close();
    const { known, notices } = await lookedUp(files);
    expect(notices).toEqual([]);
    return known;
  }

  test("is not believed where it says what a layer is when packed", async () => {
    const row = "insert into packed values (?, ?, ?, ?, ?)";
    const [a, other] = [digest("a"), digest("other")];
    expect(await planted(row, a, other, 7, "gzip", "")).toEqual(whole);
    expect(await planted(row, a, "../../etc", 7, "gzip", "")).toEqual(whole);
    expect(await planted(`update packed set form = ?`, other)).toEqual({ ...whole, packed: [] });
    expect(await planted(`update packed set size = 8`)).toEqual({ ...whole, packed: [] });
    const exchanged = `insert into packed select digest, ?, size, compression, seal from packed`;
    expect(await planted(exchanged, other)).toEqual(whole);
  });

  test("is not believed where it was sealed with another key", async () => {
    const files = await recorded();
    await rm(files.keyFile);
    expect(await lookedUp(files)).toEqual({ known: { ...whole, packed: [] }, notices: [] });
    await fileBlobInfoCache(files).record([packed("a", form("a.gz"))]);
    expect(await lookedUp(files)).toEqual({ known: whole, notices: [] });
  });

  test.each([
    ["others could have written the key", (key: string) => chmod(key, 0o666)],
    ["the key is a link", (key: string) => replacedBy(key, (to) => symlink("/etc/hostname", to))],
    [
      "the key is a pipe",
      (key: string) => replacedBy(key, async (to) => execFileSync("mkfifo", [to])),
    ],
  ])("is not believed where %s", async (_, change) => {
    const files = await recorded();
    await change(files.keyFile);
    expect(await lookedUp(files)).toEqual({ known: { ...whole, packed: [] }, notices: [] });
    const status = await lstat(files.keyFile);
    expect([status.isFile(), status.mode & 0o777, status.size]).toEqual([true, 0o600, 32]);
  });

  async function replacedBy(file: string, make: (file: string) => Promise<unknown>): Promise<void> {
    await rm(file);
    await make(file);
  }

  test("does no harm where it is a damaged file", async () => {
    const files = await recorded();
    const sound = await readFile(files.file);
    const damage = fc.array(fc.tuple(fc.nat(sound.byteLength - 1), fc.nat(255)), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(sound.byteLength), async (changes, cut) => {
        const bytes = Buffer.from(sound);
        for (const [at, byte] of changes) bytes[at] = byte;
        await writeFile(files.file, bytes);
        if (cut % 3 === 0) await truncate(files.file, cut);
        for (const suffix of ["-wal", "-shm"]) await rm(files.file + suffix, { force: true });
        const notices: Notice[] = [];
        const options = { onNotice: (notice: Notice) => void notices.push(notice) };
        const cache = fileBlobInfoCache(files);
        const known = await cache.recall([digest("a")], registry, options);
        const forms: readonly Digest[] =
          known.get(digest("a"))?.packed.map((one) => one.digest) ?? [];
        expect([[], [digest("a.gz")]]).toContainEqual(forms);
        await cache.record([packed("b", form("b.gz"))], options);
        expect(notices.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});
