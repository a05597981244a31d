import { expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { Signature } from "../../src/contract/signature.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { ImagePolicy } from "../../src/image/image-policy.ts";
import { memory } from "../../src/memory/index.ts";
import type { Digest } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { altered } from "../altered-reference.ts";
import { arm, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

/** What a copy does, in order. Digests are replaced by their names. */
interface Recording {
  readonly calls: readonly string[];
  readonly from: ImageReference;
  readonly to: ImageReference;
  readonly policy: ImagePolicy;
}

/** `names` names the digests in the recorded calls. */
async function recordingOf(
  image: SampleImage,
  names: ReadonlyMap<Digest, string>,
  signatures: readonly Signature[] = [],
): Promise<Recording> {
  const stored = memory().parseReference("from");
  await write(image, stored, signatures);
  const calls: string[] = [];
  const add = (call: string, digest?: Digest): void => {
    calls.push(`${call} ${digest === undefined ? "top" : (names.get(digest) ?? "other")}`);
  };
  const from = altered(stored, {
    source: (real) => {
      calls.push("open source");
      return {
        getManifest: async (instance, options) => {
          add("read", instance);
          return real.getManifest(instance, options);
        },
        getSignatures: async (instance, options) => {
          add("signatures of", instance);
          return (await real.getSignatures?.(instance, options)) ?? [];
        },
      };
    },
  });
  const to = altered(memory().parseReference("to"), {
    destination: (real) => {
      calls.push("open destination");
      return {
        putBlob: async (bytes, blob, options) => {
          add("put blob", blob.digest);
          return real.putBlob(bytes, blob, options);
        },
        putManifest: async (manifest, options) => {
          await real.putManifest(manifest, options);
          add("put", options?.instance);
        },
        putSignatures: async (given, instance, options) => {
          add("sign", instance);
          await real.putSignatures?.(given, instance, options);
        },
        commit: async (options) => {
          calls.push("commit");
          return real.commit(options);
        },
      };
    },
  });
  const policy: ImagePolicy = {
    admit: async ({ instance }) => {
      add("admit", instance);
    },
  };
  return { calls, from, to, policy };
}

test("the destination is opened first, the policy admits each image but no index, and commit is last", async () => {
  const images = [sampleImage({ layers: ["a"] }), sampleImage({ layers: [], platform: arm })];
  const index = sampleIndex(images);
  const names = new Map(images.map(({ manifest }, at) => [manifest.digest, `image ${at}`]));
  const { calls, from, to, policy } = await recordingOf(index, names);
  await copyImage(from, to, { instances: "all", policy });
  expect(calls.slice(0, 3)).toEqual(["open destination", "open source", "read top"]);
  expect(calls.filter((call) => call.startsWith("admit")).toSorted()).toEqual([
    "admit image 0",
    "admit image 1",
  ]);
  for (const image of ["image 0", "image 1"]) {
    const own = calls.filter((call) => call.endsWith(image));
    expect(own).toEqual([
      `read ${image}`,
      `admit ${image}`,
      `signatures of ${image}`,
      `put ${image}`,
    ]);
  }
  const lastBlob = calls.findLastIndex((call) => call.startsWith("put blob"));
  expect(calls.slice(lastBlob + 1).toSorted()).toEqual([
    "commit",
    "put image 0",
    "put image 1",
    "put top",
  ]);
  expect(calls.slice(-2)).toEqual(["put top", "commit"]);
});

test("signatures are read before any blob, and written after their manifest", async () => {
  const image = sampleImage({ layers: ["a"] });
  const signature: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };
  const { calls, from, to } = await recordingOf(image, new Map(), [signature]);
  await copyImage(from, to);
  expect(calls).toEqual([
    "open destination",
    "open source",
    "read top",
    "signatures of top",
    "put blob other",
    "put blob other",
    "put top",
    "sign top",
    "commit",
  ]);
});

test("signatures that the destination cannot store fail before any blob is read", async () => {
  const image = sampleImage({ layers: ["a"] });
  const signature: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };
  const { calls, from, to: stores } = await recordingOf(image, new Map(), [signature]);
  const to = altered(stores, {
    destination: (real) => ({
      accepts: { ...real.accepts, signatures: "there is no store for them" },
    }),
  });
  const copy = copyImage(from, to);
  await expect(copy).rejects.toMatchObject({ code: "impossible-copy" });
  await expect(copy).rejects.toThrow("there is no store for them");
  expect(calls).toEqual(["open destination", "open source", "read top", "signatures of top"]);
});

test("a rejected image is neither parsed nor written", async () => {
  const broken = sampleImage({ extra: { layers: "not a list" } });
  const { calls, from, to } = await recordingOf(broken, new Map());
  const policy: ImagePolicy = {
    admit: async () => {
      throw new ImageError("untrusted", "no signature of a known key");
    },
  };
  await expect(copyImage(from, to, { policy })).rejects.toMatchObject({ code: "untrusted" });
  await expect(copyImage(from, to)).rejects.toMatchObject({ code: "invalid-manifest" });
  expect(calls.filter((call) => /put|commit|signatures/.test(call))).toEqual(["signatures of top"]);
});
