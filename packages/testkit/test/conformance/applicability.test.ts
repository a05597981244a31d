import { mediaTypes } from "@drayage/core";
import type { DestinationAccepts } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { writeImage } from "../../src/random/write-image.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Alteration } from "./altered-memory.ts";

/** The requirements of places that lack something. */
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
  "copy/round-trip",
];

async function asked(subject: TransportUnderTest): Promise<readonly string[]> {
  const checks = await conformance(subject);
  return checks.map(({ name }) => name.slice(0, name.indexOf(":")));
}

test("a place with every ability is asked for all but the requirements of places without", async () => {
  const all = requirements.map(({ id }) => id).filter((id) => !onlyWithout.includes(id));
  expect(await asked(alteredMemory())).toEqual(all);
});

interface Difference {
  readonly removed?: readonly string[];
  readonly added?: readonly string[];
}

describe("the requirements differ for a place", () => {
  test.each<[string, Alteration, Difference]>([
    [
      "that deletes nothing",
      { subject: () => ({ deletes: false }) },
      { removed: deletion, added: ["delete/unsupported"] },
    ],
    [
      "without a method of deletion",
      { reference: () => ({ deleteImage: undefined as never }) },
      { removed: deletion },
    ],
    [
      "of one image",
      { subject: () => ({ siblingOf: undefined as never }) },
      { removed: ["copy/parallel", "delete/shared-blobs"] },
    ],
    [
      "whose blobs a test cannot damage",
      { subject: () => ({ damageBlob: undefined as never }) },
      { removed: ["source/damaged-blob", "copy/damaged"] },
    ],
    [
      "that preserves the content",
      { subject: () => ({ preserves: "content" }) },
      { removed: exactManifests, added: ["copy/one-platform"] },
    ],
    [
      "that preserves the content of layers",
      { subject: () => ({ preserves: "layers" }) },
      { removed: [...exactManifests, "copy/content"] },
    ],
    [
      "that decompresses layers",
      accepting({ layers: "decompress" }),
      { removed: exactManifests, added: ["copy/one-platform"] },
    ],
    [
      "that is written anew",
      { subject: () => ({ overwriting: "replaces" }) },
      { removed: ["copy/again"] },
    ],
    [
      "that is written once",
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
      "of images without indexes",
      accepting({ manifestMIMETypes: [mediaTypes.ociManifest] }),
      {
        removed: ["destination/index"],
        added: ["destination/rejected-manifest", "copy/one-platform"],
      },
    ],
    [
      "without signatures",
      accepting({ signatures: "none are kept" }),
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
      "that keeps chunks",
      accepting({ reuseBuffers: false }),
      { removed: ["destination/reused-buffers"] },
    ],
    [
      "without ranges",
      { source: ({ offers }) => ({ offers: { ...offers, ranges: false } }) },
      { removed: ["source/ranges"] },
    ],
    [
      "that does not resolve",
      { destination: () => ({ resolve: undefined as never }) },
      { removed: ["destination/resolve"] },
    ],
    [
      "that reuses no manifests",
      { destination: () => ({ tryReusingManifest: undefined as never }) },
      { removed: ["destination/reuse-manifest"] },
    ],
  ])("%s", async (_, alteration, { removed = [], added = [] }) => {
    const before = await asked(alteredMemory());
    const now = await asked(alteredMemory(alteration));
    expect(before.filter((id) => !now.includes(id)).toSorted()).toEqual(removed.toSorted());
    expect(now.filter((id) => !before.includes(id)).toSorted()).toEqual(added.toSorted());
  });

  const references = requirements.map(({ id }) => id).filter((id) => id.startsWith("reference/"));

  test("without destinations: only references and absence remain", async () => {
    const subject = alteredMemory({
      reference: () => ({ newImageDestination: undefined as never }),
    });
    expect(await asked(subject)).toEqual([...references, "source/not-found"]);
  });

  test("that is only read: what reads remains", async () => {
    const subject = alteredMemory();
    const store: TransportUnderTest["store"] = async (image) => {
      const reference = await subject.freshReference();
      await writeImage(image, reference);
      return reference;
    };
    const reading = (await asked(subject)).filter(
      (id) => id.startsWith("source/") && id !== "source/signatures",
    );
    expect(await asked({ ...subject, store })).toEqual([...references, ...reading, "copy/damaged"]);
    const { damageBlob: _, ...undamaged } = subject;
    expect(await asked({ ...undamaged, store })).toEqual([
      ...references,
      ...reading.filter((id) => id !== "source/damaged-blob"),
    ]);
  });
});

describe("a transport passes that", () => {
  test.each<[string, string, Alteration]>([
    [
      "reference/policy-scopes",
      "has no name for policies",
      {
        reference: () => ({ policyConfigurationIdentity: undefined }),
        transport: () => ({
          validatePolicyConfigurationScope(scope) {
            expect(scope).toBeTypeOf("string");
          },
        }),
      },
    ],
    [
      "source/stat-blob",
      "has no statBlob",
      {
        source: ({ offers }) => ({
          statBlob: undefined as never,
          offers: { ...offers, storedDigests: false },
        }),
      },
    ],
    [
      "source/stat-blob",
      "has no digests of stored blobs",
      {
        source: ({ offers, statBlob }) => ({
          offers: { ...offers, storedDigests: false },
          async statBlob(...given) {
            const found = await statBlob(...given);
            return found && { size: found.size };
          },
        }),
      },
    ],
    [
      "source/aborted-read",
      "has read all bytes before the abort",
      {
        source: ({ getBlob }) => ({
          async *getBlob(blob, options) {
            options?.signal?.throwIfAborted();
            yield Buffer.concat(await Array.fromAsync(getBlob(blob)));
          },
        }),
      },
    ],
    [
      "destination/reuse-manifest",
      "has all instances of a reused index put again",
      {
        destination({ tryReusingManifest, putManifest }) {
          let isMissing = false;
          return {
            async tryReusingManifest(digest, options) {
              const reused = await tryReusingManifest(digest, options);
              isMissing ||= reused !== undefined;
              return reused && { ...reused, mustBePut: true };
            },
            async putManifest(...given) {
              if (isMissing) throw new Error("an instance is missing");
              await putManifest(...given);
            },
          };
        },
      },
    ],
  ])("%s: %s", async (id, _, alteration) => {
    const checks = await conformance(alteredMemory(alteration));
    const check = checks.find(({ name }) => name.startsWith(`${id}:`));
    expect(check).toBeDefined();
    await check?.run();
  });
});

function accepting(accepts: Partial<DestinationAccepts>): Alteration {
  return { destination: (inner) => ({ accepts: { ...inner.accepts, ...accepts } }) };
}
