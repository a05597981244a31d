import path from "node:path";

import { digestOf } from "@drayage/core";
import type { Digest } from "@drayage/core";
import type { BlobFact, BlobScope, CompressedForm } from "@drayage/core/blob-info-cache";
import { scratchFolder } from "@drayage/test-support";

import type { CacheFiles } from "../src/index.ts";

export const registry: BlobScope = { transport: "docker", scope: "registry.example.com" };

export function digest(name: string): Digest {
  return digestOf(Buffer.from(name));
}

export function gzipForm(name: string, size = 7): CompressedForm {
  return { digest: digest(name), size, compression: "gzip" };
}

export function compressedFact(uncompressed: string, form: CompressedForm): BlobFact {
  return { kind: "compressed", digest: digest(uncompressed), form };
}

export function locationFact(name: string, at: string, scope: BlobScope = registry): BlobFact {
  return { kind: "location", digest: digest(name), scope, path: at };
}

/** Paths in a folder that is removed after the test. */
export async function scratchFiles(): Promise<CacheFiles> {
  const folder = await scratchFolder();
  return {
    file: path.join(folder, "cache/facts.sqlite"),
    keyFile: path.join(folder, "state/facts.key"),
  };
}
