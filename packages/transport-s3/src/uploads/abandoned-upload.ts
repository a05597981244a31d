import { rm, stat } from "node:fs/promises";
import path from "node:path";

import { isOwnFile, readSmallFile } from "@drayage/transport-kit/files";

import { heartbeatTimeout, isOrphaned, journalVersion } from "./journal-entry.ts";
import type { JournaledUpload } from "./journal-entry.ts";

/** The age in milliseconds after which an upload is not resumed any more. */
export const abandonedAfter: number = 7 * 86_400_000;

/** The maximum size of a journal entry. */
const maxBytes = 1 << 16;

/**
 * Reads an entry of a journal. Undefined if a process still sends the upload, or if the entry is invalid. Deletes entries
 * that will never be valid.
 */
export async function findAbandoned(file: string): Promise<JournaledUpload | undefined> {
  try {
    const modified = await abandonedSince(file);
    if (modified === undefined) return undefined;
    // A file of another user may name any upload.
    if (!isOwnFile(file)) return undefined;
    const bytes = await readSmallFile(file, maxBytes, { followLinks: false });
    const content = Buffer.from(bytes ?? []);
    const [first = "", second] = content.toString().split("\n");
    const upload = uploadIn(first);
    if (upload !== undefined) return { ...upload, uploadId: textIn(second) };
    // A process may have been killed while it wrote the entry. A later version may write entries of another format.
    const isUseless = second === undefined || Date.now() - modified.getTime() > abandonedAfter;
    if (isUseless) await rm(file, { force: true });
  } catch {
    // Another process has taken the upload meanwhile, or the file cannot be read.
  }
  return undefined;
}

/**
 * The last heartbeat of an upload whose process has ended; undefined if the process lives. A process of another machine,
 * or with a reused process ID, counts as alive while it sends heartbeats.
 */
async function abandonedSince(file: string): Promise<Date | undefined> {
  const hasEnded = isOrphaned(path.basename(file));
  if (hasEnded === undefined) return undefined;
  const { mtime } = await stat(file);
  return hasEnded || Date.now() - mtime.getTime() > heartbeatTimeout ? mtime : undefined;
}

function uploadIn(line: string): JournaledUpload | undefined {
  const { version, ...upload } = Object(jsonIn(line)) as Record<string, unknown>;
  const { pool, key, headers, begun } = upload;
  const isComplete = isText(pool) && isText(key) && isText(headers) && typeof begun === "number";
  return version === journalVersion && isComplete ? { pool, key, headers, begun } : undefined;
}

function textIn(line: string | undefined): string | undefined {
  const value = jsonIn(line);
  return isText(value) ? value : undefined;
}

/** Undefined for an incomplete line too, which a killed process may leave. */
function jsonIn(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? "");
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
