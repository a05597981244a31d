import path from "node:path";

import { digestOf } from "@drayage/core";
import type { Digest } from "@drayage/core";
import type { BlobFact, BlobScope, PackedForm } from "@drayage/core/blob-info-cache";
import { scratchFolder } from "@drayage/test-support";

import type { CacheFiles } from "../src/index.ts";

export const registry: BlobScope = { transport: "docker", scope: "registry.example.com" };

export function digest(name: string): Digest {
  return digestOf(Buffer.from(name));
}

export function form(name: string, size = 7): PackedForm {
  return { digest: digest(name), size, compression: "gzip" };
}

export function packed(unpacked: string, as: PackedForm): BlobFact {
  return { kind: "packed", digest: digest(unpacked), form: as };
}

export function seen(name: string, location: string, scope: BlobScope = registry): BlobFact {
  return { kind: "seen", digest: digest(name), scope, location };
}

/** In a folder that is gone after the test. */
export async function scratchFiles(): Promise<CacheFiles> {
  const folder = await scratchFolder();
  return {
    file: path.join(folder, "cache/facts.sqlite"),
    keyFile: path.join(folder, "state/facts.key"),
  };
}
