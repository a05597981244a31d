import assert from "node:assert/strict";

import { copyImage } from "@drayage/core";
import type { CopyEvent, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";

import { randomArtifact } from "../random/random-artifact.ts";
import { randomImage } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { inMemory, writeImage } from "../random/write-image.ts";
import { isNotThere, isThere, rejectsWith } from "./checks.ts";
import type { Abilities, Requirement } from "./requirement.ts";

function takes({ accepts }: Abilities, { manifest, instances }: WholeImage): boolean {
  const types = accepts?.manifestMIMETypes;
  if (types === undefined) return true;
  return [manifest, ...instances].every(({ mediaType }) => types.includes(mediaType));
}

/** Aborts a copy at one of its events; false where it has fewer of them. */
async function abortedAt(
  moment: number,
  from: ImageReference,
  to: ImageReference,
): Promise<boolean> {
  const controller = new AbortController();
  const reason = new Error(`stopped at moment ${moment}`);
  let now = 0;
  const onEvent = ({ kind }: CopyEvent): void => {
    if (kind !== "done" && now++ === moment) controller.abort(reason);
  };
  const copy = copyImage(from, to, { signal: controller.signal, onEvent });
  const error = await copy.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  assert.equal(error, controller.signal.aborted ? reason : undefined);
  return controller.signal.aborted;
}

export const copyRequirements: readonly Requirement[] = [
  {
    id: "copy/in-and-out",
    promise:
      "every kind of image that it accepts comes out again with the digests with which it went in",
    async check({ freshReference }, abilities) {
      const kinds = [
        await randomImage("oci"),
        await randomImage("docker", { format: "docker" }),
        await randomIndex("oci"),
        await randomIndex("docker", { format: "docker" }),
        await randomIndex("nested", { nested: true }),
        await randomArtifact("artifact"),
      ];
      const taken = kinds.filter((image) => takes(abilities, image));
      assert.ok(taken.length > 0, "it accepts no kind of image at all");
      for (const image of taken) {
        const [through, out] = [await freshReference(), memory().parseReference("out")];
        const { digest } = await copyImage(await inMemory(image), through, { instances: "all" });
        assert.equal(digest, image.manifest.digest);
        await copyImage(through, out, { instances: "all" });
        await isThere(out, image);
      }
    },
  },
  {
    id: "copy/again",
    promise: "copied again, an image that is there is found there, and nothing is sent",
    async check({ freshReference }) {
      const reference = await freshReference();
      const from = await inMemory(await randomIndex("again"));
      await copyImage(from, reference, { instances: "all" });
      const { blobs } = await copyImage(from, reference, { instances: "all" });
      assert.equal(blobs.copied, 0);
    },
  },
  {
    id: "copy/aborted",
    promise:
      "an abort at any moment of a copy into it leaves no image and passes the reason through",
    async check({ freshReference }) {
      let moment = 0;
      for (let wasAborted = true; wasAborted; moment++) {
        const to = await freshReference();
        const image = await randomImage(`aborted ${moment}`, { layers: 2, layerSize: 100_000 });
        wasAborted = await abortedAt(moment, await inMemory(image), to);
        await (wasAborted ? isNotThere(to) : isThere(to, image));
      }
      assert.ok(moment > 5, "a copy has more moments than that");
    },
  },
  {
    id: "copy/damaged",
    promise: "a blob that was damaged where it lies is noticed, and nothing is written elsewhere",
    appliesTo: ({ writes }, { damageBlob }) => writes && damageBlob !== undefined,
    async check({ freshReference, damageBlob }) {
      const reference = await freshReference();
      const image = await randomImage("damaged");
      await writeImage(image, reference);
      const [digest] = [...image.blobs.keys()].slice(-1);
      assert.ok(digest);
      await damageBlob?.(reference, digest);
      const out = memory().parseReference("out");
      await rejectsWith("digest-mismatch", () => copyImage(reference, out));
      await isNotThere(out);
    },
  },
  {
    id: "copy/parallel",
    promise:
      "many copies into one store at once, of images that share blobs, are all there at the end",
    appliesTo: ({ writes }, { siblingOf }) => writes && siblingOf !== undefined,
    async check({ freshReference, siblingOf }) {
      const first = await freshReference();
      const references = [first];
      while (references.length < 8) {
        const sibling = await siblingOf?.(first);
        assert.ok(sibling);
        references.push(sibling);
      }
      const images = await Promise.all(
        references.map(async (_, at) => randomImage(`parallel ${Math.floor(at / 2)}`)),
      );
      const sources = await Promise.all(images.map(inMemory));
      await Promise.all(references.map(async (to, at) => copyImage(sources[at] ?? first, to)));
      for (const [at, reference] of references.entries()) {
        const image = images[at];
        assert.ok(image);
        await isThere(reference, image);
      }
    },
  },
];
