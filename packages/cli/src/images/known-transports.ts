import path from "node:path";

import type { ImageTransport } from "@drayage/core";

import type { SideFlag, SideFlags } from "../flags/side-flag-table.ts";
import type { Side } from "../flags/side-flags.ts";
import { version } from "../process/version.ts";
import { openDocker } from "./open-docker.ts";
import { tarballSettings } from "./tarball-side.ts";

/** A transport that is loaded when an image name uses it. */
export interface KnownTransport {
  /** The flags that apply to it. */
  readonly takes: readonly SideFlag[];
  load(side: Side): Promise<ImageTransport>;
}

/** The flags of destinations that store compressed layers. */
const formatFlags = [
  "compressFormat",
  "compressLevel",
  "forceCompressFormat",
  "zstdFrames",
] as const satisfies readonly SideFlag[];

/** By the prefix of the image name. A new transport needs an entry here and its flags in `side-flag-table.ts`. */
export const knownTransports: Readonly<Record<string, KnownTransport>> = {
  docker: {
    takes: [
      "creds",
      "username",
      "password",
      "noCreds",
      "registryToken",
      "authfile",
      "tlsVerify",
      "certDir",
      "decompress",
      ...formatFlags,
      "parallelRanges",
      "chunkSize",
    ],
    load: openDocker,
  },
  oci: {
    takes: [
      "sharedBlobDir",
      "compress",
      "decompress",
      ...formatFlags,
      "ociAcceptUncompressedLayers",
    ],
    load: async ({ flags }) => {
      const { ociLayout } = await import("@drayage/transport-oci-layout");
      const { sharedBlobDir } = flags;
      return ociLayout({ ...layersSetting(flags), ...(sharedBlobDir && { sharedBlobDir }) });
    },
  },
  dir: {
    takes: ["compress", "decompress", ...formatFlags],
    load: async ({ flags }) => {
      const { directory } = await import("@drayage/transport-dir");
      return directory(layersSetting(flags));
    },
  },
  "docker-daemon": {
    takes: ["daemonHost", "certDir", "tlsVerify"],
    load: async ({ flags: { daemonHost, certDir, tlsVerify } }) => {
      const { dockerDaemon } = await import("@drayage/transport-docker-daemon");
      return dockerDaemon({
        userAgent: `drayage/${version}`,
        host: daemonHost,
        certDir,
        ...(tlsVerify !== undefined && { insecure: !tlsVerify }),
      });
    },
  },
  s3: {
    takes: [
      "noCreds",
      "s3Endpoint",
      "s3Region",
      "s3PathStyle",
      "compress",
      "decompress",
      ...formatFlags,
      "ociAcceptUncompressedLayers",
    ],
    load: async ({ flags, isCached }) => {
      const { s3 } = await import("@drayage/transport-s3");
      const { s3Endpoint: endpoint, s3Region: region, s3PathStyle: forcePathStyle } = flags;
      const journal = isCached ? await uploadJournal() : undefined;
      const credentials = flags.noCreds && "anonymous";
      return s3({
        ...layersSetting(flags),
        credentials,
        endpoint,
        region,
        forcePathStyle,
        journal,
      });
    },
  },
  "docker-archive": {
    takes: ["append", "additionalTag"],
    load: async ({ flags: { append, additionalTag } }) => {
      const { dockerArchive } = await import("@drayage/transport-tarball");
      return dockerArchive({ append, additionalTags: additionalTag });
    },
  },
  "oci-archive": {
    takes: ["append", "compress", "decompress", ...formatFlags, "ociAcceptUncompressedLayers"],
    load: async ({ flags }) => {
      const { ociArchive } = await import("@drayage/transport-tarball");
      return ociArchive({ ...layersSetting(flags), append: flags.append });
    },
  },
  tarball: {
    takes: ["platform", "created", "entrypoint", "cmd", "env", "label"],
    load: async (side) => {
      const { tarball } = await import("@drayage/transport-tarball");
      return tarball(tarballSettings(side));
    },
  },
};

/** A sibling of the blob info cache. */
async function uploadJournal(): Promise<string> {
  const { userCacheFiles } = await import("@drayage/blob-info-cache");
  return path.join(path.dirname(userCacheFiles().file), "uploads");
}

function layersSetting({
  compress,
  decompress,
  compressFormat,
  compressLevel,
  ociAcceptUncompressedLayers,
}: SideFlags): {
  layers?: "compress" | "decompress" | "preserve";
} {
  if (decompress || compressFormat === "none") return { layers: "decompress" };
  if (compress || compressFormat !== undefined || compressLevel !== undefined)
    return { layers: "compress" };
  return ociAcceptUncompressedLayers ? { layers: "preserve" } : {};
}
