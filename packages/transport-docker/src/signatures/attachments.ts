import { digestOf, ImageError, mediaTypes } from "@drayage/core";
import type { Descriptor, Digest, OperationOptions, RawManifest, Signature } from "@drayage/core";
import { readAll, streamOf, verified } from "@drayage/core/content";
import { parseJSONObject } from "@drayage/core/json";
import { parseManifest } from "@drayage/core/manifest";
import { digestTagsOf } from "@drayage/core/reference";

import { downloadBlob } from "../blobs/blob-download.ts";
import { isStored, uploadBlob } from "../blobs/blob-upload.ts";
import { cancelUpload } from "../blobs/upload-session.ts";
import type { UploadSession } from "../blobs/upload-session.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import { readManifest, requestManifest } from "../manifests/manifest-download.ts";
import { uploadManifest } from "../manifests/manifest-upload.ts";
import type { Repository } from "../registry/repository.ts";
import { maxSignatures, maxSignatureSize, tooManySignatures } from "./lookaside.ts";

export type SigstoreSignature = Extract<Signature, { readonly kind: "sigstore" }>;

/**
 * Reads the signatures attached to a manifest: the layers of the manifest with the tag `sha256-….sig`, as cosign
 * writes it. Returns undefined if the tag does not exist.
 * @throws ImageError `denied`, `unavailable`, `invalid-manifest`, `digest-mismatch`
 */
export async function readAttachments(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): Promise<readonly SigstoreSignature[] | undefined> {
  const attached = await readAttached(repository, subject, options);
  if (attached === undefined) return undefined;
  const { layers } = attached;
  if (layers.length > maxSignatures) throw tooManySignatures(subject, repository.name);
  const signatures: SigstoreSignature[] = [];
  for (const { mediaType, annotations = {}, digest, size } of layers) {
    const bytes = verified(downloadBlob(repository, { digest, size }, options), { digest, size });
    const payload = await readAll(bytes, maxSignatureSize);
    signatures.push({ kind: "sigstore", mediaType, payload, annotations });
  }
  return signatures;
}

/** Attaches further signatures to a manifest. @throws ImageError `denied`, `unavailable`, `conflict` */
export async function addAttachments(
  repository: Repository,
  subject: Digest,
  signatures: readonly SigstoreSignature[],
  options: OperationOptions,
): Promise<void> {
  const tag = findAttachmentTag(subject);
  if (tag === undefined) {
    throw new ImageError(
      "unsupported",
      `Cannot attach signatures to ${subject}: its digest is too long for a tag; copy without signatures`,
    );
  }
  const attached = await readAttached(repository, subject, { ...options, action: "pull,push" });
  const layers = [...(attached?.layers ?? [])];
  const entries = [...(attached?.entries ?? [])];
  const known = new Set(layers.map(identityOf));
  for (const { mediaType, payload, annotations } of signatures) {
    const layer = { mediaType, digest: digestOf(payload), size: payload.byteLength, annotations };
    if (known.has(identityOf(layer))) continue;
    known.add(identityOf(layer));
    await store(repository, payload, layer, options);
    layers.push(layer);
    entries.push(layer);
  }
  if (attached !== undefined && layers.length === attached.layers.length) return;
  const config = Buffer.from(JSON.stringify(configOf(layers)));
  const described = { digest: digestOf(config), size: config.byteLength };
  await store(repository, config, described, options);
  const manifest = {
    ...(attached?.fields ?? { schemaVersion: 2, mediaType: mediaTypes.ociManifest }),
    config: { mediaType: mediaTypes.ociConfig, ...described },
    layers: entries,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const raw: RawManifest = { bytes, mediaType: mediaTypes.ociManifest };
  await uploadManifest(repository, raw, tag, options);
}

interface Attached {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly layers: readonly Descriptor[];
  /** The layer entries as written, including unknown fields. */
  readonly entries: readonly unknown[];
}

async function readAttached(
  repository: Repository,
  subject: Digest,
  options: OperationOptions & { readonly action?: "pull" | "pull,push" },
): Promise<Attached | undefined> {
  const tag = findAttachmentTag(subject);
  if (tag === undefined) return undefined;
  const response = await requestManifest("GET", repository, tag, options);
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  if (response.status !== 200) {
    throw registryError(
      await readErrorResponse(response),
      `read the signatures ${tag} of ${repository.name}`,
    );
  }
  const raw = await readManifest(response);
  const manifest = parseManifest(raw);
  if (manifest.kind === "image" && manifest.mediaType === mediaTypes.ociManifest) {
    const { value: fields } = parseJSONObject("manifest", raw.bytes);
    const entries = (fields["layers"] ?? []) as readonly unknown[];
    return { fields, layers: manifest.layers, entries };
  }
  throw new ImageError(
    "unsupported",
    `${tag} of ${repository.name} is not a manifest of signatures`,
  );
}

async function store(
  repository: Repository,
  bytes: Uint8Array,
  blob: Pick<Descriptor, "digest" | "size">,
  options: OperationOptions,
): Promise<void> {
  if (await isStored(repository, blob, options)) return;
  const cancellations: Promise<void>[] = [];
  const abandon = (upload: UploadSession): void =>
    void cancellations.push(cancelUpload(repository, upload));
  try {
    await uploadBlob(repository, streamOf(bytes), blob, { ...options, abandon });
  } finally {
    await Promise.all(cancellations);
  }
}

/** As cosign does, the payloads are listed as layers of an image without a platform. */
function configOf(layers: readonly Descriptor[]): unknown {
  const diffIDs = layers.map(({ digest }) => digest);
  return { architecture: "", os: "", rootfs: { type: "layers", diff_ids: diffIDs }, config: {} };
}

function identityOf({ mediaType, digest, annotations = {} }: Descriptor): string {
  const sorted = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([mediaType, digest, sorted]);
}

/** Returns undefined for a digest that is too long for a tag. */
function findAttachmentTag(digest: Digest): string | undefined {
  return digestTagsOf(digest).find((tag) => tag.endsWith(".sig"));
}
