import fc from "fast-check";
import { expect, test } from "vitest";

import { checksumAlgorithms, checksumHasher } from "../../src/s3/checksum.ts";

test("a checksum is independent of chunk boundaries", () => {
  const cases = fc.tuple(
    fc.constantFrom(...checksumAlgorithms),
    fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }),
  );
  fc.assert(
    fc.property(cases, ([algorithm, pieces]) => {
      const [inPieces, inOne] = [checksumHasher(algorithm), checksumHasher(algorithm)];
      for (const piece of pieces) inPieces.update(piece);
      inOne.update(Buffer.concat(pieces));
      expect(inPieces.digest()).toEqual(inOne.digest());
    }),
  );
});
