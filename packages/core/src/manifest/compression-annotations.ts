type Annotations = Readonly<Record<string, string>>;

/**
 * Removes the annotations that describe the compressed bytes of a layer: the tables of contents of zstd:chunked and
 * eStargz. A client that reads other bytes by them fails.
 */
export function withoutCompressionAnnotations(
  annotations: Annotations | undefined,
): Annotations | undefined {
  if (annotations === undefined) return undefined;
  const entries = Object.entries(annotations);
  return Object.fromEntries(entries.filter(([key]) => !describesCompression(key)));
}

function describesCompression(key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}

const prefixes = [
  "io.github.containers.zstd-chunked.",
  "io.containers.estargz.",
  "containerd.io/snapshot/stargz/",
];
