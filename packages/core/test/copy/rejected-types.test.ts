import { describe, expect, test } from "vitest";

import type { ImageDestination } from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import type { CopyResult } from "../../src/copy/copy-result.ts";
import { openImage } from "../../src/image/image.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import type { ImageErrorCode } from "../../src/names/image-error.ts";
import { altered } from "../altered-reference.ts";
import { arm, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList, dockerConfig, ociConfig } = mediaTypes;
const docker = { manifestType: dockerManifest };

/** The calls of a destination, in order. */
interface Log {
  readonly tried: string[];
  readonly blobs: Digest[];
}

interface Rejection {
  readonly atCommit?: boolean;
  readonly error?: ImageErrorCode;
}

/** A destination that rejects these types when they are put or, for the top-level manifest, at commit. */
function rejecting(
  types: readonly string[],
  { atCommit = false, error = "manifest-rejected" }: Rejection = {},
): ImageReference & Log {
  const log: Log = { tried: [], blobs: [] };
  const reference = altered(memory().parseReference("copy"), {
    destination: (real: ImageDestination) => {
      let top: string | undefined;
      const check = (mediaType: string): void => {
        log.tried.push(mediaType);
        if (types.includes(mediaType)) throw new ImageError(error, `no ${mediaType} here`);
      };
      return {
        putBlob: async (bytes, blob, options) => {
          const stored = await real.putBlob(bytes, blob, options);
          log.blobs.push(stored.digest);
          return stored;
        },
        putManifest: async (manifest: RawManifest, options) => {
          const { mediaType } = parseManifest(manifest);
          if (options?.instance === undefined) top = mediaType;
          if (options?.instance !== undefined || !atCommit) check(mediaType);
          await real.putManifest(manifest, options);
        },
        commit: async (options) => {
          if (atCommit && top !== undefined) check(top);
          await real.commit(options);
        },
      };
    },
  });
  return Object.assign(reference, log);
}

async function copied(
  image: SampleImage,
  to: ImageReference,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const from = memory().parseReference("sample");
  await write(image, from);
  return copyImage(from, to, { instances: "all", ...options });
}

describe.each([
  ["when it is put", false],
  ["at commit", true],
])("a type that is rejected %s", (_, atCommit) => {
  test("is replaced by the next one, no blob is sent again, and the change is reported", async () => {
    const image = sampleImage();
    const to = rejecting([ociManifest], { atCommit });
    const result = await copied(image, to);
    expect(to.tried).toEqual([ociManifest, dockerManifest]);
    expect(to.blobs.toSorted()).toEqual([...image.blobs.keys()].toSorted());
    await using copy = await openImage(to);
    expect(copy.manifest.digest).toBe(result.digest);
    expect(copy.configInfo?.mediaType).toBe(dockerConfig);
    expect(result.changes).toEqual([
      {
        from: image.manifest.digest,
        to: result.digest,
        reason: `the destination rejected ${ociManifest}`,
      },
    ]);
  });

  test("of Docker is replaced by OCI, with its own config", async () => {
    const image = sampleImage(docker);
    const to = rejecting([dockerManifest], { atCommit });
    const result = await copied(image, to);
    expect(to.tried).toEqual([dockerManifest, ociManifest]);
    await using copy = await openImage(to);
    expect(copy.configInfo?.mediaType).toBe(ociConfig);
    expect(digestOf((await copy.configBlob()) ?? Buffer.alloc(0))).toBe(copy.configInfo?.digest);
    expect(copy.configInfo && image.blobs.has(copy.configInfo.digest)).toBe(false);
    expect(to.blobs).toHaveLength(image.blobs.size + 1);
    expect(result.digest).toBe(copy.manifest.digest);
  });

  test("of an index is replaced as well, and its instances stay", async () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const to = rejecting([ociIndex], { atCommit });
    const result = await copied(index, to);
    expect(to.tried).toEqual([ociManifest, ociManifest, ociIndex, dockerList]);
    expect(parseManifest(result.manifest)).toMatchObject({
      mediaType: dockerList,
      manifests: index.instances.map(({ manifest }) => ({ digest: manifest.digest })),
    });
  });

  test("is reported with the others if all are rejected", async () => {
    const to = rejecting([ociManifest, dockerManifest], { atCommit });
    const error: unknown = await copied(sampleImage(), to).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "manifest-rejected" });
    const { message, cause } = error as ImageError;
    expect(message).toContain(`no ${ociManifest} here`);
    expect(message).toContain(`no ${dockerManifest} here`);
    const codes = ["manifest-rejected", "manifest-rejected", "impossible-copy"];
    expect(cause).toMatchObject({ errors: codes.map((code) => ({ code })) });
    await expect(to.newImageSource()).rejects.toMatchObject({ code: "not-found" });
  });

  test.each([
    ["that is requested", { manifestMIMEType: ociManifest }],
    ["whose digest is to be preserved", { preserveDigests: true }],
  ])("and %s is final", async (_name, options) => {
    const to = rejecting([ociManifest], { atCommit });
    const copy = copied(sampleImage(), to, options);
    await expect(copy).rejects.toMatchObject({ code: "manifest-rejected" });
    expect(to.tried).toEqual([ociManifest]);
  });

  test("and belongs to an artifact is final", async () => {
    const to = rejecting([ociManifest], { atCommit });
    const copy = copied(sampleImage({ configType: "a/config" }), to);
    await expect(copy).rejects.toMatchObject({ code: "manifest-rejected" });
    expect(to.tried).toEqual([ociManifest]);
  });

  test("for a reason other than its type is final", async () => {
    const to = rejecting([ociManifest], { atCommit, error: "denied" });
    await expect(copied(sampleImage(), to)).rejects.toMatchObject({ code: "denied" });
    expect(to.tried).toEqual([ociManifest]);
  });
});

test("a signed manifest is not converted, and the error contains the reason", async () => {
  const from = memory().parseReference("signed");
  await write(sampleImage(), from, [{ kind: "simple-signing", bytes: Buffer.from("x") }]);
  const to = rejecting([ociManifest]);
  const copy = copyImage(from, to);
  await expect(copy).rejects.toMatchObject({
    code: "manifest-rejected",
    message: expect.stringMatching(/no application.*signatures/),
  });
  expect(to.tried).toEqual([ociManifest]);
});

test("an index references its instances as they were accepted", async () => {
  const images = [sampleImage(), sampleImage({ ...docker, platform: arm })];
  const index = sampleIndex(images);
  const to = rejecting([ociManifest]);
  const result = await copied(index, to);
  const [first, second] = index.instances.map(({ manifest }) => manifest.digest);
  const becauseOf = new Map(result.changes.map(({ from, reason }) => [from, reason]));
  expect(becauseOf.get(first ?? index.manifest.digest)).toContain("rejected");
  expect(becauseOf.has(second ?? index.manifest.digest)).toBe(false);
  expect(becauseOf.get(index.manifest.digest)).toBe("an instance in it changes");
  await using copy = await openImage(to);
  expect(copy.instance.digest).toBe(result.changes[0]?.to);
  expect(parseManifest(result.manifest)).toMatchObject({
    manifests: [{ mediaType: dockerManifest }, { mediaType: dockerManifest, digest: second }],
  });
});

test("a fallback that the layers do not allow is reported as such", async () => {
  const zstd = sampleImage({ layerType: "application/vnd.oci.image.layer.v1.tar+zstd" });
  const to = rejecting([ociManifest]);
  await expect(copied(zstd, to)).rejects.toMatchObject({ code: "manifest-rejected" });
  expect(to.tried).toEqual([ociManifest]);
});
