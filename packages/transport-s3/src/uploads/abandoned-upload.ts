import { rm, stat } from "node:fs/promises";
import path from "node:path";

import { isOwnFile, readSmallFile } from "@drayage/transport-kit/files";

import { isOfNobody, journalVersion, patience } from "./journal-entry.ts";
import type { JournaledUpload } from "./journal-entry.ts";

/** After how many milliseconds nobody comes back for an upload. */
export const forgottenAfter: number = 7 * 86_400_000;

const mostBytes = 1 << 16;

/**
 * What a file of a journal says; undefined where somebody sends the upload, or it cannot be understood. What nobody will
 * ever understand is removed.
 */
export async function findAbandoned(file: string): Promise<JournaledUpload | undefined> {
  try {
    const touched = await abandonedSince(file);
    if (touched === undefined) return undefined;
    // Another user's file may name an upload that is none of ours.
    if (!isOwnFile(file)) return undefined;
    const bytes = await readSmallFile(file, mostBytes, { followLinks: false });
    const content = Buffer.from(bytes ?? []);
    const [first = "", second] = content.toString().split("\n");
    const upload = uploadIn(first);
    if (upload !== undefined) return { ...upload, uploadId: textIn(second) };
    // A process may have been killed before it said anything; a later version may say what we do not understand.
    const isUseless = second === undefined || Date.now() - touched.getTime() > forgottenAfter;
    if (isUseless) await rm(file, { force: true });
  } catch {
    // Somebody else has taken it meanwhile, or it cannot be read.
  }
  return undefined;
}

/** Undefined where its process lives: one of another machine, or whose number another has by now, lives as long as it is seen. */
async function abandonedSince(file: string): Promise<Date | undefined> {
  const isCertain = isOfNobody(path.basename(file));
  if (isCertain === undefined) return undefined;
  const { mtime } = await stat(file);
  return isCertain || Date.now() - mtime.getTime() > patience ? mtime : undefined;
}

function uploadIn(line: string): JournaledUpload | undefined {
  const { version, ...upload } = Object(jsonIn(line)) as Record<string, unknown>;
  const { pool, key, headers, begun } = upload;
  const isWhole = isText(pool) && isText(key) && isText(headers) && typeof begun === "number";
  return version === journalVersion && isWhole ? { pool, key, headers, begun } : undefined;
}

function textIn(line: string | undefined): string | undefined {
  const value = jsonIn(line);
  return isText(value) ? value : undefined;
}

/** Undefined also for a line that a process was killed writing. */
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
