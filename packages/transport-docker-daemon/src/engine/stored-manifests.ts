import { isDigest } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import type { Engine } from "./engine.ts";

/**
 * Whether an engine keeps manifests and packed layers as they came, in containerd, and not only what it made of them.
 * One that does not tell is taken for one that does not.
 */
export async function keepsManifests(engine: Engine, options: OperationOptions): Promise<boolean> {
  const { text } = await engine.inquire({ method: "GET", path: "/info", ...options });
  const { DriverStatus: status } = jsonObjectOf(text);
  return Array.isArray(status) && status.some((one) => String(one) === ofContainerd);
}

const ofContainerd = "driver-type,io.containerd.snapshotter.v1";

/**
 * The manifest that a name leads to or, given a digest, that one of its index; undefined where the engine has not all of
 * it, or does not tell what it has (before API 1.48).
 */
export async function findStoredManifest(
  engine: Engine,
  name: string,
  instance: Digest | undefined,
  options: OperationOptions,
): Promise<Digest | undefined> {
  const path = `/images/${name}/json?manifests=1`;
  const { text } = await engine.inquire({ method: "GET", path, ...options });
  const { Id: top, Manifests: manifests } = jsonObjectOf(text);
  const wanted = instance ?? top;
  if (!Array.isArray(manifests) || !isDigest(wanted)) return undefined;
  const found: unknown = manifests.find((one) => isJSONObject(one) && one["ID"] === wanted);
  if (isJSONObject(found)) return found["Available"] === true ? wanted : undefined;
  // Those of an index are listed, and not it itself.
  return instance === undefined ? wanted : undefined;
}
