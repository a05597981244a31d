import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Digest } from "../names/digest.ts";
import { formatIndex } from "./index-json.ts";
import type { JSONObject } from "./json-object.ts";
import { parseTypedManifest } from "./manifest-type.ts";
import { hasZstdAnnotation, withZstdAnnotation } from "./zstd-annotation.ts";

/** An instance to add to an index. */
export interface AddedInstance {
  /** The entry of the source index that it gets the platform and annotations of. */
  readonly like: Digest;
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly hasZstdLayers: boolean | undefined;
}

/** Adds instances to an edited OCI index, like containers/image: zstd instances are marked and last. */
export function withAddedInstances(
  source: RawManifest,
  edited: RawManifest,
  added: readonly AddedInstance[],
): RawManifest {
  const { value, mediaType } = parseTypedManifest(edited);
  const entries = entriesOf(value);
  const similar = entriesOf(parseTypedManifest(source).value);
  const newEntries = added.map((instance) => {
    const like = similar.find(({ digest }) => digest === instance.like);
    return newEntry(instance, like ?? {});
  });
  const manifests = [...entries, ...newEntries].toSorted(
    (a, b) => Number(isZstd(a)) - Number(isZstd(b)),
  );
  return { bytes: Buffer.from(formatIndex({ ...value, manifests }, mediaType)), mediaType };
}

function newEntry(
  { digest, size, mediaType, hasZstdLayers = false }: AddedInstance,
  { platform, annotations }: JSONObject,
): JSONObject {
  const copied = annotations as Readonly<Record<string, string>> | undefined;
  const marked = withZstdAnnotation(
    { digest, size, mediaType, annotations: copied },
    hasZstdLayers,
  );
  return { ...marked, platform };
}

function isZstd({ annotations }: JSONObject): boolean {
  const marked = { annotations: annotations as Readonly<Record<string, string>> | undefined };
  return hasZstdAnnotation(marked);
}

function entriesOf(value: JSONObject): readonly JSONObject[] {
  return (value["manifests"] ?? []) as readonly JSONObject[];
}
