import { readFile } from "node:fs/promises";

import { digestOf } from "@drayage/core";

import { writeResult } from "./standard-streams.ts";

/** `drayage manifest-digest` */
export async function manifestDigest(file: string): Promise<void> {
  await writeResult(`${digestOf(signedPart(await readFile(file)))}\n`);
}

interface JWSHeader {
  readonly formatLength: number;
  readonly formatTail: string;
}

/** A schema 1 manifest is named by the digest of what its signatures sign: a first part of the file, and a tail. */
function signedPart(manifest: Uint8Array): Uint8Array {
  const header = parsed(manifest)?.signatures?.[0]?.protected;
  if (header === undefined) return manifest;
  const { formatLength, formatTail } = JSON.parse(
    Buffer.from(header, "base64url").toString(),
  ) as JWSHeader;
  const tail = Buffer.from(formatTail, "base64url");
  return Buffer.concat([manifest.subarray(0, formatLength), tail]);
}

/** Whatever is not JSON has the digest of its bytes. */
function parsed(
  manifest: Uint8Array,
): { readonly signatures?: readonly { readonly protected?: string }[] } | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(manifest)) as ReturnType<typeof parsed>;
  } catch {
    return undefined;
  }
}
