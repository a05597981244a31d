import { isImageError } from "@drayage/core";
import { tarFile, tarMember, tarRecord } from "@drayage/test-support";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { chunked, uncompressed } from "./compressed-layer.ts";

/** The code of the error, or whether the layer decompresses to the tar file. */
async function outcomeOf(tar: Uint8Array): Promise<unknown> {
  try {
    const { bytes } = await chunked(tar);
    return (await uncompressed(bytes)).equals(tar) ? "same" : "different";
  } catch (error) {
    return isImageError(error) ? error.code : error;
  }
}

const members = [
  { name: "PaxHeader", type: "x", content: tarRecord("path", "a/long/name") },
  { name: "file", content: "some content of a file" },
  { name: "././@LongLink", type: "L", content: "another long name\0" },
  { name: "link", type: "2", linkName: "file" },
  { name: "holes", content: Buffer.alloc(3000) },
];
const tar = tarFile(members);

test("a layer with any changed byte is rejected or kept", async () => {
  expect(await outcomeOf(tar)).toBe("same");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(tar.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      async (changes) => {
        const changed = Buffer.from(tar);
        for (const [at, byte] of changes) changed[at] = byte;
        expect(["same", "unsupported"]).toContain(await outcomeOf(changed));
      },
    ),
    { numRuns: 100 },
  );
});

test("a layer that is cut anywhere but between members is rejected", async () => {
  for (let end = 100; end < tar.byteLength - 1024; end += 111) {
    const isBoundary = end % 512 === 0;
    expect(["unsupported", isBoundary ? "same" : "unsupported"]).toContain(
      await outcomeOf(tar.subarray(0, end)),
    );
  }
});

describe("a layer is rejected if", () => {
  test.each<[string, Uint8Array]>([
    ["a file is larger than the tar file", tarFile([{ name: "file", size: 8 ** 11 - 1 }])],
    ["a size is negative", tarFile([{ name: "file", size: Buffer.alloc(12, 0xff) }])],
    [
      "a size is larger than any number",
      tarFile([{ name: "file", size: Buffer.from("80ffffffffffffffffffffff", "hex") }]),
    ],
    ["a size is no number", tarFile([{ name: "file", size: Buffer.from("seven\0\0\0\0\0\0\0") }])],
    ["an extended header is too large", tarFile([{ name: "x", type: "x", size: 5_000_000 }])],
    ["a record is damaged", tarFile([{ name: "x", type: "x", content: "99 path=a\n" }])],
    ["a record has no length", tarFile([{ name: "x", type: "x", content: "path=a\n" }])],
    [
      "a record has a negative size",
      tarFile([{ name: "x", type: "x", content: tarRecord("size", "-1") }, { name: "file" }]),
    ],
    [
      "a record has a time without a year",
      tarFile([
        { name: "x", type: "x", content: tarRecord("mtime", "999999999999999") },
        { name: "file" },
      ]),
    ],
    ["an unknown member", tarFile([{ name: "old", type: "7", content: "contiguous" }])],
    ["an extended header ends the file", tarMember({ name: "x", type: "x", size: 600 })],
  ])("%s", async (_, bytes) => {
    expect(await outcomeOf(bytes)).toBe("unsupported");
  });
});

test("names may be anything in UTF-8", async () => {
  const names = ["../escape", "/absolute", "a\nb", '"quoted" <&>', "ä/ö"];
  const { contents } = await chunked(tarFile(names.map((name) => ({ name }))));
  expect(contents.entries.map(({ name }) => name)).toEqual(names);
});
