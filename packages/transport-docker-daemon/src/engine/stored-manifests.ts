import { isDigest } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import type { Engine } from "./engine.ts";

/**
 * Whether an engine stores manifests and compressed layers unchanged, in the containerd store. False if the engine does not
 * report it.
 */
export async function storesManifests(engine: Engine, options: OperationOptions): Promise<boolean> {
  const { text } = await engine.sendForText({ method: "GET", path: "/info", ...options });
  const { DriverStatus: status } = jsonObjectOf(text);
  return Array.isArray(status) && status.some((entry) => String(entry) === containerdDriver);
}

const containerdDriver = "driver-type,io.containerd.snapshotter.v1";

/**
 * The digest of the manifest of a name or, with `instance`, of that instance of its index. Undefined if it is incomplete,
 * or if the engine does not report this (before API 1.48).
 */
export async function findStoredManifest(
  engine: Engine,
  name: string,
  instance: Digest | undefined,
  options: OperationOptions,
): Promise<Digest | undefined> {
  const path = `/images/${name}/json?manifests=1`;
  const { text } = await engine.sendForText({ method: "GET", path, ...options });
  const { Id: top, Manifests: manifests } = jsonObjectOf(text);
  const wanted = instance ?? top;
  if (!Array.isArray(manifests) || !isDigest(wanted)) return undefined;
  const found: unknown = manifests.find(
    (manifest) => isJSONObject(manifest) && manifest["ID"] === wanted,
  );
  if (isJSONObject(found)) return found["Available"] === true ? wanted : undefined;
  // The list contains the instances of an index, but not the index.
  return instance === undefined ? wanted : undefined;
}
