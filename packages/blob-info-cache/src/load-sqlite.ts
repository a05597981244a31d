import type SQLite from "node:sqlite";

import { ImageError } from "@drayage/core";

/**
 * Node's own SQLite, without the warning that it is experimental, which is of no use to users of a cache that can do
 * without it. @throws ImageError `unsupported` where this Node has none
 */
export function loadSQLite(): typeof SQLite {
  const emitWarning: unknown = Reflect.get(process, "emitWarning");
  // Nothing else runs meanwhile, and so no other warning gets lost.
  process.emitWarning = () => {};
  try {
    const sqlite = process.getBuiltinModule("node:sqlite") as typeof SQLite | undefined;
    if (sqlite !== undefined) return sqlite;
  } finally {
    Reflect.set(process, "emitWarning", emitWarning);
  }
  throw new ImageError("unsupported", "this Node has no SQLite (node:sqlite)");
}
