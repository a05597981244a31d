import { digestOf, hostPlatform, mediaTypes } from "@drayage/core";

import type { TarballLayer } from "./tarball-layer.ts";
import type { TarballSettings } from "./tarball-settings.ts";
import { fixedTime, formatInstant } from "./tarball-time.ts";

/** The config and manifest of a generated image. */
export interface TarballImage {
  readonly config: Uint8Array;
  readonly manifest: Uint8Array;
}

type Layer = Pick<TarballLayer, "mediaType" | "digest" | "size" | "diffID" | "modified">;

/**
 * Generates the same image as skopeo, byte for byte, unless settings add to its config. @throws ImageError as
 * `fixedTime`
 */
export function tarballImage(layers: readonly Layer[], settings: TarballSettings): TarballImage {
  const config = Buffer.from(JSON.stringify(configOf(layers, settings)));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: {
      mediaType: mediaTypes.ociConfig,
      digest: digestOf(config),
      size: config.byteLength,
    },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  return { config, manifest: Buffer.from(JSON.stringify(manifest)) };
}

function configOf(layers: readonly Layer[], settings: TarballSettings): object {
  const fixed = fixedTime(settings);
  const times = layers.map(({ modified }) => fixed ?? modified);
  const newest = times.reduce((latest, time) => (time > latest ? time : latest), times[0] ?? 0n);
  const { platform = hostPlatform() } = settings;
  return {
    created: formatInstant(newest),
    architecture: platform.architecture,
    ...(platform.variant !== undefined && { variant: platform.variant }),
    os: platform.os,
    ...(platform.osVersion !== undefined && { "os.version": platform.osVersion }),
    ...(platform.osFeatures !== undefined && { "os.features": platform.osFeatures }),
    config: runConfigOf(settings),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffID }) => diffID) },
    history: layers.map(({ diffID }, at) => ({
      created: formatInstant(times[at] ?? newest),
      created_by: `/bin/sh -c #(nop) ADD file:${diffID.slice("sha256:".length)} in /`,
      comment: "imported from tarball",
    })),
  };
}

function runConfigOf({ environment, entrypoint, command, labels }: TarballSettings): object {
  const byName = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(environment?.length && { Env: environment }),
    ...(entrypoint?.length && { Entrypoint: entrypoint }),
    ...(command?.length && { Cmd: command }),
    ...(byName.length > 0 && { Labels: Object.fromEntries(byName) }),
  };
}
