import { formatBytes, messageLine } from "@drayage/core";
import type { ProvenContent, VerifyResult } from "@drayage/core";

/** What was proven, and how, and all that is wrong, for people: a line each. */
export function formatReport(result: VerifyResult): string {
  const { manifests, read, stored, elsewhere, problems } = result;
  const lines = [
    headlineOf(result),
    ...lineOf(manifests, "manifest", "read"),
    ...lineOf(read, "blob", "read"),
    ...lineOf(stored, "blob", "proven by digests that the storage computed; --read reads them"),
    ...lineOf(elsewhere, "layer", "not there, as the image says; nothing is proven of them"),
    ...problems.map(({ message }) => message),
  ];
  return `${lines.map(messageLine).join("\n  ")}\n`;
}

/** `s3://bucket/app:1.0 is whole` */
export function headlineOf({ source, images, problems }: VerifyResult): string {
  const { length } = problems;
  const subject = images === 1 ? `${source} is` : `The ${images} images in ${source} are`;
  if (length === 0) return `${subject} whole`;
  return `${subject} not whole: ${length} ${length === 1 ? "problem" : "problems"}`;
}

function lineOf({ count, bytes }: ProvenContent, noun: string, what: string): readonly string[] {
  if (count === 0) return [];
  return [`${count} ${count === 1 ? noun : `${noun}s`} (${formatBytes(bytes)}) ${what}`];
}
