import { ImageError } from "../image-error.ts";

type SQLite = typeof import("node:sqlite");

/**
 * Node's own SQLite, without the warning that it is experimental, which is of no use to users of a cache that can do
 * without it. @throws ImageError `unsupported` where this Node has none
 */
export function loadSQLite(): SQLite {
  const { emitWarning } = process;
  // Nothing else runs meanwhile, and so no other warning gets lost.
  process.emitWarning = () => {};
  try {
    const sqlite = process.getBuiltinModule("node:sqlite") as SQLite | undefined;
    if (sqlite !== undefined) return sqlite;
  } finally {
    process.emitWarning = emitWarning;
  }
  throw new ImageError("unsupported", "this Node has no SQLite (node:sqlite)");
}
