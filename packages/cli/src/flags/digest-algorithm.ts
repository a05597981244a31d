import type { DigestAlgorithm } from "@drayage/core";

import { UsageError } from "./usage-error.ts";

/** The value of `--digest-algorithm`. @throws UsageError */
export function parseDigestAlgorithm(name: string): DigestAlgorithm {
  switch (name) {
    case "sha256":
    case "sha384":
    case "sha512":
      return name;
    default:
      throw new UsageError(
        `--digest-algorithm must be sha256, sha384 or sha512, not ${JSON.stringify(name)}`,
      );
  }
}
