import { mediaTypes } from "@drayage/core";
import type { DestinationAccepts } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { writeImage } from "../../src/random/write-image.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Alteration } from "./altered-memory.ts";

/** Requirements for stores without an ability. */
const onlyWithout = [
  "destination/rejected-manifest",
  "destination/written-once",
  "copy/one-platform",
  "copy/signed",
  "copy/referrers-unsupported",
  "delete/unsupported",
];
const deletion = ["delete/image", "delete/not-found", "delete/shared-blobs"];
const exactManifests = [
  "destination/round-trip",
  "destination/index",
  "destination/reuse-manifest",
  "copy/digest-algorithm",
  "destination/digest-algorithm",
  "copy/round-trip",
];

async function applicable(subject: TransportUnderTest): Promise<readonly string[]> {
  const checks = await conformance(subject);
  return checks.map(({ name }) => name.slice(0, name.indexOf(":")));
}

test("all requirements except those for missing abilities apply to a store with every ability", async () => {
  const all = requirements.map(({ id }) => id).filter((id) => !onlyWithout.includes(id));
  expect(await applicable(alteredMemory())).toEqual(all);
});

interface Difference {
  readonly removed?: readonly string[];
  readonly added?: readonly string[];
}

describe("the requirements differ for a store", () => {
  test.each<[string, Alteration, Difference]>([
    [
      "that does not delete",
      { subject: () => ({ deletes: false }) },
      { removed: deletion, added: ["delete/unsupported"] },
    ],
    [
      "without deleteImage",
      { reference: () => ({ deleteImage: undefined as never }) },
      { removed: deletion },
    ],
    [
      "with one image",
      { subject: () => ({ siblingOf: undefined as never }) },
      { removed: ["copy/parallel", "delete/shared-blobs", "destination/list-tags"] },
    ],
    [
      "without locateBlob",
      { destination: () => ({ locateBlob: undefined as never }) },
      { removed: ["destination/locate-blob"] },
    ],
    [
      "without listImages",
      { reference: () => ({ listImages: undefined as never }) },
      { removed: ["source/list-images"] },
    ],
    [
      "without listTags",
      { transport: () => ({ listTags: undefined as never }) },
      { removed: ["destination/list-tags"] },
    ],
    [
      "without collectGarbage",
      { transport: () => ({ collectGarbage: undefined as never }) },
      { removed: ["destination/garbage"] },
    ],
    [
      "without damageBlob",
      { subject: () => ({ damageBlob: undefined as never }) },
      { removed: ["source/damaged-blob", "copy/damaged"] },
    ],
    [
      "that preserves the content",
      { subject: () => ({ preserves: "content" }) },
      { removed: exactManifests, added: ["copy/one-platform"] },
    ],
    [
      "that preserves the uncompressed layers",
      { subject: () => ({ preserves: "layers" }) },
      { removed: [...exactManifests, "copy/content"] },
    ],
    [
      "that decompresses layers",
      accepting({ layers: "decompress" }),
      { removed: exactManifests, added: ["copy/one-platform"] },
    ],
    [
      "that replaces images",
      { subject: () => ({ overwriting: "replaces" }) },
      { removed: ["copy/again"] },
    ],
    [
      "that refuses to overwrite",
      { subject: () => ({ overwriting: "refuses" }) },
      {
        removed: [
          "destination/overwrite",
          "destination/resolve",
          "destination/reuse-manifest",
          "copy/again",
        ],
        added: ["destination/written-once"],
      },
    ],
    [
      "without indexes",
      accepting({ manifestMIMETypes: [mediaTypes.ociManifest] }),
      {
        removed: ["destination/index"],
        added: ["destination/rejected-manifest", "copy/one-platform"],
      },
    ],
    [
      "without signatures",
      accepting({ signatures: "signatures are not stored" }),
      { removed: ["source/signatures"], added: ["copy/signed"] },
    ],
    [
      "without referrers",
      accepting({ referrers: undefined }),
      {
        removed: ["copy/referrers", "copy/referrers-later"],
        added: ["copy/referrers-unsupported"],
      },
    ],
    [
      "without reuseBuffers",
      accepting({ reuseBuffers: false }),
      { removed: ["destination/reused-buffers"] },
    ],
    [
      "without ranges",
      { source: ({ offers }) => ({ offers: { ...offers, ranges: false } }) },
      { removed: ["source/ranges"] },
    ],
    [
      "without resolve",
      { destination: () => ({ resolve: undefined as never }) },
      { removed: ["destination/resolve"] },
    ],
    [
      "without tryReusingManifest",
      { destination: () => ({ tryReusingManifest: undefined as never }) },
      { removed: ["destination/reuse-manifest"] },
    ],
  ])("%s", async (_, alteration, { removed = [], added = [] }) => {
    const before = await applicable(alteredMemory());
    const now = await applicable(alteredMemory(alteration));
    expect(before.filter((id) => !now.includes(id)).toSorted()).toEqual(removed.toSorted());
    expect(now.filter((id) => !before.includes(id)).toSorted()).toEqual(added.toSorted());
  });

  const references = requirements.map(({ id }) => id).filter((id) => id.startsWith("reference/"));

  test("without destinations: only references and not-found remain", async () => {
    const subject = alteredMemory({
      reference: () => ({ newImageDestination: undefined as never }),
    });
    expect(await applicable(subject)).toEqual([...references, "source/not-found"]);
  });

  test("that is read-only: the requirements for reading remain", async () => {
    const subject = alteredMemory();
    const store: TransportUnderTest["store"] = async (image) => {
      const reference = await subject.freshReference();
      await writeImage(image, reference);
      return reference;
    };
    const reading = (await applicable(subject)).filter(
      (id) => id.startsWith("source/") && id !== "source/signatures",
    );
    expect(await applicable({ ...subject, store })).toEqual([
      ...references,
      ...reading,
      "copy/damaged",
    ]);
    const { damageBlob: _, ...undamaged } = subject;
    expect(await applicable({ ...undamaged, store })).toEqual([
      ...references,
      ...reading.filter((id) => id !== "source/damaged-blob"),
    ]);
  });
});

function accepting(accepts: Partial<DestinationAccepts>): Alteration {
  return { destination: (inner) => ({ accepts: { ...inner.accepts, ...accepts } }) };
}
