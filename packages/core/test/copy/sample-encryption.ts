import type { LayerDecrypter, LayerEncrypter } from "../../src/contract/layer-encryption.ts";
import { ImageError } from "../../src/names/image-error.ts";

const annotation = "org.opencontainers.image.enc.keys.sample";

/** Flips all bits, and adds a number that no other layer has, as a random key would. */
export function sampleEncrypter(): LayerEncrypter {
  let count = 0;
  return {
    encrypt(bytes) {
      const number = ++count;
      return {
        bytes: flipped(bytes, Uint8Array.of(number)),
        annotations: async () => ({ [annotation]: String(number) }),
      };
    },
  };
}

/** Reverts `sampleEncrypter`. Fails at the end of a layer whose annotation does not match. */
export const sampleDecrypter: LayerDecrypter = {
  async decrypt(bytes, { annotations = {} }) {
    const expected = annotations[annotation];
    if (expected === undefined) throw new ImageError("denied", "no key");
    return unflipped(bytes, expected);
  },
};

async function* flipped(
  bytes: AsyncIterable<Uint8Array>,
  start: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield start;
  for await (const chunk of bytes) yield chunk.map((byte) => byte ^ 0xff);
}

async function* unflipped(
  bytes: AsyncIterable<Uint8Array>,
  expected: string,
): AsyncGenerator<Uint8Array> {
  const whole = Buffer.concat(await Array.fromAsync(bytes));
  yield whole.subarray(1, 2).map((byte) => byte ^ 0xff);
  if (whole[0] !== Number(expected)) throw new ImageError("digest-mismatch", "not authentic");
  yield whole.subarray(2).map((byte) => byte ^ 0xff);
}
