import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { describe, expect, test } from "vitest";

import {
  descriptorOfEntry,
  emptyIndex,
  formatLayoutIndex,
  fullNameOfEntry,
  indexSizeLimit,
  isWholeIndex,
  nameOfEntry,
  parseLayoutIndex,
  wholeIndex,
  withImage,
  withReferrer,
} from "../src/layout-index.ts";
import type { IndexEntry } from "../src/layout-index.ts";
import { readIndex } from "../src/read-index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const [refName, fullName] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];
const digest = digestOf(Buffer.from("a"));
const image: Descriptor = { mediaType: mediaTypes.ociManifest, digest, size: 1 };
const entry = (name?: string): IndexEntry => ({
  ...image,
  ...(name !== undefined && { annotations: { [refName]: name } }),
});
const indexOf = (...entries: readonly IndexEntry[]) => ({ fields: { schemaVersion: 2 }, entries });

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("index.json", () => {
  test("without images is an OCI index with an empty list", () => {
    const bytes = formatLayoutIndex(emptyIndex);
    expect(text(bytes)).toBe(
      `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`,
    );
    expect(parseLayoutIndex(bytes)).toEqual({ ...emptyIndex, content: bytes });
  });

  test("without a schemaVersion gets one as its first field", () => {
    const index = parseLayoutIndex(Buffer.from('{"annotations":{"a":"b"},"manifests":[]}'));
    expect(text(formatLayoutIndex(index))).toBe(
      '{"schemaVersion":2,"annotations":{"a":"b"},"manifests":[]}',
    );
  });

  test.each([
    '{"schemaVersion":2,"config":{}}',
    '{"schemaVersion":2,"layers":[]}',
    '{"schemaVersion":2,"mediaType":5,"manifests":[]}',
    '{"schemaVersion":2,"mediaType":{},"manifests":[]}',
  ])("cannot be %s", (content) => {
    const parse = (): unknown => parseLayoutIndex(Buffer.from(content));
    expect(parse).toThrow(expect.objectContaining({ code: "invalid-manifest" }) as Error);
  });

  test("may be 32 MiB", () => {
    expect(indexSizeLimit).toBe(33_554_432);
  });

  test("is not found outside of a layout; the error has the reference", async () => {
    const reference = memory().parseReference("some-image");
    await expect(readIndex(reference, new BucketLayout(), {})).rejects.toMatchObject({
      code: "not-found",
      reference: "memory:some-image",
    });
  });
});

describe("an entry", () => {
  test.each([
    [{ [refName]: "v1", [fullName]: "a.example/a:v1" }, "v1", "a.example/a:v1"],
    [{ [refName]: "", [fullName]: "" }, undefined, undefined],
    [{ [refName]: 1, [fullName]: ["x"] }, undefined, undefined],
    [{}, undefined, undefined],
    ["text", undefined, undefined],
    [null, undefined, undefined],
  ])("with the annotations %j has the name %s and the full name %s", (annotations, name, full) => {
    const one = { ...entry(), annotations };
    expect([nameOfEntry(one), fullNameOfEntry(one)]).toEqual([name, full]);
  });

  test("can be annotated as a whole index", () => {
    expect(isWholeIndex({ ...entry(), annotations: wholeIndex })).toBe(true);
    const others = [undefined, null, "all", {}, { "io.drayage.instances": "some" }];
    const are = others.map((annotations) => isWholeIndex({ ...entry(), annotations }));
    expect(are).toEqual(others.map(() => false));
  });

  test("may lack its type and size, or have null", () => {
    for (const none of [undefined, null]) {
      const described = descriptorOfEntry({ digest, mediaType: none, size: none });
      expect(described).toEqual({ digest, mediaType: undefined, size: undefined });
    }
    expect(descriptorOfEntry({ digest, mediaType: "" }).mediaType).toBeUndefined();
    expect(descriptorOfEntry(entry())).toMatchObject(image);
  });

  test("drops null annotations and rejects annotations of other types", () => {
    const annotations = { a: null, b: "c" };
    expect(descriptorOfEntry({ ...entry(), annotations }).annotations).toEqual({ b: "c" });
    for (const wrong of ["text", { a: 1 }]) {
      const parse = (): unknown => descriptorOfEntry({ ...entry(), annotations: wrong });
      expect(parse).toThrow(expect.objectContaining({ code: "invalid-manifest" }) as Error);
    }
  });
});

describe("an image that is added", () => {
  test("replaces one of two equal entries", () => {
    const { entries } = withImage(indexOf(entry("v1"), entry("v1")), image, "v1");
    expect(entries).toEqual([entry("v1")]);
  });

  test("keeps the artifact type of the entry unless it has its own", () => {
    const before = indexOf({ ...entry("v1"), artifactType: "x/y" });
    const type = (added: Descriptor): unknown =>
      withImage(before, added, "v1").entries[0]?.["artifactType"];
    expect([type(image), type({ ...image, artifactType: "z/z" })]).toEqual(["x/y", "z/z"]);
    expect(Object.keys(withImage(indexOf(), image, "v1").entries[0] ?? {})).toEqual([
      "mediaType",
      "digest",
      "size",
      "annotations",
    ]);
  });
});

describe("a referrer that is added", () => {
  test("without a name keeps its listed names", () => {
    const index = indexOf(entry("v1"));
    expect(withReferrer(index, image, undefined)).toBe(index);
    const empty = indexOf();
    expect(withReferrer(empty, image, undefined).entries).toEqual([entry()]);
    const other = indexOf({ ...entry("v1"), digest: digestOf(Buffer.from("b")) });
    expect(withReferrer(other, image, undefined).entries).toEqual([...other.entries, entry()]);
  });

  test("with a name is also listed under that name", () => {
    const { entries } = withReferrer(indexOf(entry("v1")), image, "v2");
    expect(entries).toEqual([entry("v1"), entry("v2")]);
  });
});
