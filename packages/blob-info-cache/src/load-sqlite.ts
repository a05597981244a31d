import type SQLite from "node:sqlite";

import { ImageError } from "@drayage/core";

/**
 * Loads `node:sqlite` without its warning that it is experimental: users cannot act on it.
 * @throws ImageError `unsupported` if this Node has no SQLite
 */
export function loadSQLite(): typeof SQLite {
  const emitWarning: unknown = Reflect.get(process, "emitWarning");
  // Loading is synchronous, so no other warning is lost.
  process.emitWarning = () => {};
  try {
    const sqlite = process.getBuiltinModule("node:sqlite") as typeof SQLite | undefined;
    if (sqlite !== undefined) return sqlite;
  } finally {
    Reflect.set(process, "emitWarning", emitWarning);
  }
  throw new ImageError("unsupported", "this Node has no SQLite (node:sqlite)");
}
