import { formatBytes } from "@drayage/core/copy";
import { singleLine } from "@drayage/core/text";
import type { VerifiedContent, VerifyResult } from "@drayage/core/verify";

/** What was verified, how, and all problems, for people: one line each. */
export function formatReport(result: VerifyResult): string {
  const { manifests, read, stored, external, problems } = result;
  const lines = [
    headlineOf(result),
    ...lineOf(manifests, "manifest", "read"),
    ...lineOf(read, "blob", "read"),
    ...lineOf(
      stored,
      "blob",
      "verified by checksums that the storage computed; use --read to read them",
    ),
    ...lineOf(external, "layer", "external, as the image declares; not verified"),
    ...problems.map(({ message }) => message),
  ];
  return `${lines.map(singleLine).join("\n  ")}\n`;
}

/** `s3://bucket/app:1.0 is valid` */
export function headlineOf({ source, images, problems }: VerifyResult): string {
  const { length } = problems;
  const subject = images === 1 ? `${source} is` : `The ${images} images in ${source} are`;
  if (length === 0) return `${subject} valid`;
  return `${subject} not valid: ${length} ${length === 1 ? "problem" : "problems"}`;
}

function lineOf({ count, bytes }: VerifiedContent, noun: string, what: string): readonly string[] {
  if (count === 0) return [];
  return [`${count} ${count === 1 ? noun : `${noun}s`} (${formatBytes(bytes)}) ${what}`];
}
