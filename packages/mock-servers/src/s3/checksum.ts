import { createHash } from "node:crypto";
import zlib from "node:zlib";

import type { ChecksumHasher } from "./checksum-hasher.ts";
import { crc32c, crc64nvme } from "./crc.ts";

/** The checksums that S3 supports ("Checking object integrity in Amazon S3"). */
export const checksumAlgorithms = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** Of all bytes, or of the checksums of the parts. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** Base64; `…-N` for a composite of N parts. */
  readonly value: string;
}

/** The types of each algorithm, the default first. */
export const checksumTypes: Readonly<Record<ChecksumAlgorithm, readonly ChecksumType[]>> = {
  CRC32: ["COMPOSITE", "FULL_OBJECT"],
  CRC32C: ["COMPOSITE", "FULL_OBJECT"],
  CRC64NVME: ["FULL_OBJECT"],
  SHA1: ["COMPOSITE"],
  SHA256: ["COMPOSITE"],
};

export function checksumHasher(algorithm: ChecksumAlgorithm): ChecksumHasher {
  switch (algorithm) {
    case "CRC32":
      return crc32Hasher();
    case "CRC32C":
      return crc32c();
    case "CRC64NVME":
      return crc64nvme();
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

/** `x-amz-checksum-sha256` */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** `ChecksumSHA256` */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** The algorithm with that upper-case name. */
export function findAlgorithm(name: string): ChecksumAlgorithm | undefined {
  return checksumAlgorithms.find((algorithm) => algorithm === name);
}

export async function fullChecksum(
  algorithm: ChecksumAlgorithm,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Checksum> {
  const hasher = checksumHasher(algorithm);
  for await (const chunk of bytes) hasher.update(chunk);
  return { algorithm, type: "FULL_OBJECT", value: hasher.digest().toString("base64") };
}

export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly string[],
): Checksum {
  const hasher = checksumHasher(algorithm);
  for (const part of parts) hasher.update(Buffer.from(part, "base64"));
  const value = `${hasher.digest().toString("base64")}-${parts.length}`;
  return { algorithm, type: "COMPOSITE", value };
}

function crc32Hasher(): ChecksumHasher {
  let value = 0;
  return {
    update(bytes) {
      value = zlib.crc32(bytes, value);
    },
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(value);
      return digest;
    },
  };
}
