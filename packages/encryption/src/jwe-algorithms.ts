import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";

/** The algorithms that wrap the content key of a JWE (RFC 7518, section 4). Passwords, `dir` and RSA1_5 are not among them. */
export type JWEAlgorithm = (typeof rsaAlgorithms)[number] | (typeof ecAlgorithms)[number];

const rsaAlgorithms = ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"] as const;
const ecAlgorithms = ["ECDH-ES+A256KW", "ECDH-ES+A192KW", "ECDH-ES+A128KW"] as const;
const curves = ["prime256v1", "secp384r1", "secp521r1"];

/** The minimum size of an RSA key (RFC 7518, section 4.3). */
const minRSABits = 2048;

/**
 * The algorithm for a public key: that of its JWK, or the default of ocicrypt.
 * @throws ImageError `unsupported`
 */
export function jweAlgorithmFor(key: KeyObject, requested: unknown): JWEAlgorithm {
  const allowed = algorithmsOf(key);
  const [first] = allowed;
  if (first === undefined)
    throw new ImageError(
      "unsupported",
      "jwe requires an RSA key of at least 2048 bits, or an EC key with P-256, P-384 or P-521; create one of these",
    );
  if (requested === undefined) return first;
  const found = allowed.find((algorithm) => algorithm === requested);
  if (found !== undefined) return found;
  throw new ImageError(
    "unsupported",
    `The JWK requests the algorithm ${JSON.stringify(requested)}; use one of ${allowed.join(", ")}`,
  );
}

/** The algorithms for the type of a key; empty if it cannot be used. */
export function algorithmsOf(key: KeyObject): readonly JWEAlgorithm[] {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return modulusLength >= minRSABits ? rsaAlgorithms : [];
  return key.asymmetricKeyType === "ec" && curves.includes(namedCurve) ? ecAlgorithms : [];
}
