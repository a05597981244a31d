import { ImageError, isDigest } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { formatFamiliar, parseNamedReference } from "@drayage/core/reference";
import { closestMatch } from "@drayage/core/text";

import type { Engine } from "./engine.ts";

/** Creates the error `not-found`, with the available images. */
export async function noSuchImage(
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<ImageError> {
  const names = await namesIn(engine, options);
  const wanted = familiar(name);
  const nearest = closestMatch(wanted, names);
  const listed = names.length > maxListedNames ? [...names.slice(0, maxListedNames), "…"] : names;
  const hint = nearest === undefined ? "" : `did you mean ${nearest}? `;
  const all =
    names.length === 0 ? "it has no named images" : `${hint}available: ${listed.join(", ")}`;
  return new ImageError(
    "not-found",
    `No image ${wanted} in the container engine ${engine.name}; ${all}`,
  );
}

const maxListedNames = 20;

/** The sorted names of all images; empty if the engine does not return them. */
async function namesIn(engine: Engine, options: OperationOptions): Promise<readonly string[]> {
  try {
    const { text } = await engine.sendForText({ method: "GET", path: "/images/json", ...options });
    const images: unknown = JSON.parse(text);
    return Array.isArray(images) ? images.flatMap(namesOf).toSorted() : [];
  } catch {
    options.signal?.throwIfAborted();
    return [];
  }
}

function namesOf(image: unknown): readonly string[] {
  const tags = isJSONObject(image) ? image["RepoTags"] : undefined;
  if (!Array.isArray(tags)) return [];
  return tags.flatMap((tag) => (typeof tag === "string" && tag !== noName ? familiar(tag) : []));
}

const noName = "<none>:<none>";

/** Shortens names: Podman returns full names, and Docker familiar ones. */
function familiar(name: string): string {
  return isDigest(name) ? name : formatFamiliar(parseNamedReference(name));
}
