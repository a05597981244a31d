import { gzipSync } from "node:zlib";

import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { emptyLayer, emptyLayerDigest, schema1Of } from "../../src/schema1/schema1-of-image.ts";
import { signPayload } from "../../src/schema1/sign-payload.ts";
import type { SampleImage } from "../sample-images.ts";

export interface Schema1Sample extends SampleImage {
  /** What the digest of the manifest covers. */
  readonly payload: string;
  /** The layers with content, the base layer first. */
  readonly layers: readonly Digest[];
  readonly diffIDs: readonly Digest[];
}

const sampleConfig = {
  os: "linux",
  architecture: "amd64",
  created: "2020-01-02T03:04:05Z",
  docker_version: "20.10",
  config: { Env: ["A=1"], Labels: { a: "b" } },
  history: [
    { created: "2020-01-01T00:00:00Z", created_by: "ADD one" },
    { created: "2020-01-01T00:00:00Z", created_by: "ENV A=1", empty_layer: true },
    { created: "2020-01-01T00:00:00Z", created_by: "ADD two" },
  ],
};

/** A signed image of schema 1 with two layers, and a throwaway layer between them. */
export function schema1Sample({
  isCompressed = true,
  tag = "1",
  settings = {},
}: {
  readonly isCompressed?: boolean;
  readonly tag?: string;
  /** More settings of its containers. */
  readonly settings?: object;
} = {}): Schema1Sample {
  const uncompressed = ["one", "two"].map((text) => Buffer.from(text.repeat(1000)));
  const stored = uncompressed.map((bytes) => (isCompressed ? gzipSync(bytes) : bytes));
  const layers = stored.map((bytes) => digestOf(bytes));
  const diffIDs = uncompressed.map((bytes) => digestOf(bytes));
  const config = {
    ...sampleConfig,
    config: { ...sampleConfig.config, ...settings },
    rootfs: { type: "layers", diff_ids: diffIDs },
  };
  const payload = schema1Of({
    config: Buffer.from(JSON.stringify(config)),
    layers,
    name: "team/app",
    tag,
  });
  const manifest = {
    bytes: Buffer.from(signPayload(payload)),
    mediaType: mediaTypes.dockerSchema1Signed,
    digest: digestOf(Buffer.from(payload)),
  };
  const blobs = new Map<Digest, Uint8Array>(stored.map((bytes) => [digestOf(bytes), bytes]));
  blobs.set(emptyLayerDigest, emptyLayer);
  return { manifest, blobs, instances: [], payload, layers, diffIDs };
}
