import { lstatSync, mkdirSync, readlinkSync } from "node:fs";
import type { Stats } from "node:fs";
import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder of Node's compile cache: `drayage/compile-cache` in the user's state folder (XDG Base Directory
 * Specification), created with mode 0700. Node runs the cached code unchecked, so the cache folder is not used: CI jobs
 * share it. Returns undefined if another user could have written the code: a folder or link on the path belongs to
 * neither this user nor root, or others may write to it. Also returns undefined without a home, and on Windows, which
 * has no such owners.
 */
export function compileCacheFolder(environment: Environment): string | undefined {
  const uid = process.geteuid?.();
  const base = stateFolder(environment);
  if (uid === undefined || base === undefined) return undefined;
  try {
    return safeFolder(path.join(base, "drayage", "compile-cache"), uid);
  } catch {
    return undefined;
  }
}

/** The specification ignores relative paths. */
function stateFolder({ XDG_STATE_HOME = "", HOME = "" }: Environment): string | undefined {
  if (path.isAbsolute(XDG_STATE_HOME)) return XDG_STATE_HOME;
  return path.isAbsolute(HOME) ? path.join(HOME, ".local", "state") : undefined;
}

const maxLinks = 40;

/** Resolves the links in the path and creates missing folders. Throws file system errors. */
function safeFolder(wanted: string, uid: number): string | undefined {
  const names = wanted.split(path.sep);
  let folder: string = path.sep;
  for (let links = 0; names.length > 0;) {
    const entry = path.join(folder, names.shift() ?? "");
    const isLast = names.length === 0;
    const stats = found(entry, names.length);
    if (isWritableByOthers(stats, uid, isLast)) return undefined;
    if (!stats.isSymbolicLink()) {
      folder = entry;
    } else {
      if (isLast || ++links > maxLinks) return undefined;
      const target = readlinkSync(entry);
      if (path.isAbsolute(target)) folder = path.sep;
      names.unshift(...target.split(path.sep));
    }
  }
  return folder;
}

/** `.local`, `state`, `drayage` and `compile-cache` are created, but not the home folder. */
const creatable = 4;

/** Creates one folder at a time, because Node's recursive `mkdir` hangs below `/proc`. */
function found(entry: string, namesAfter: number): Stats {
  const stats = lstatSync(entry, { throwIfNoEntry: namesAfter >= creatable });
  if (stats !== undefined) return stats;
  mkdirSync(entry, { mode: 0o700 });
  return lstatSync(entry);
}

/** In a folder with the sticky bit, such as `/tmp`, other users can add entries but not replace this user's. */
function isWritableByOthers(stats: Stats, uid: number, isLast: boolean): boolean {
  if (stats.uid !== uid && (isLast || stats.uid !== 0)) return true;
  if (stats.isSymbolicLink()) return false;
  if (!stats.isDirectory()) return true;
  const isSticky = (stats.mode & 0o1000) !== 0;
  return (stats.mode & 0o022) !== 0 && (isLast || !isSticky);
}
