import { ImageError, isDigest } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { formatFamiliar, parseNamedReference } from "@drayage/core/reference";
import { closestMatch } from "@drayage/core/text";

import type { Engine } from "./engine.ts";

/** @returns ImageError `not-found` that tells which images there are */
export async function noSuchImage(
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<ImageError> {
  const names = await namesIn(engine, options);
  const wanted = familiar(name);
  const meant = closestMatch(wanted, names);
  const listed = names.length > mostNames ? [...names.slice(0, mostNames), "…"] : names;
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  const all = names.length === 0 ? "it has none with a name" : `${hint}It has ${listed.join(", ")}`;
  return new ImageError(
    "not-found",
    `No image ${wanted} in the container engine ${engine.name}; ${all}`,
  );
}

const mostNames = 20;

/** Sorted; none where the engine does not tell them. */
async function namesIn(engine: Engine, options: OperationOptions): Promise<readonly string[]> {
  try {
    const { text } = await engine.inquire({ method: "GET", path: "/images/json", ...options });
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

/** Podman tells names in full, Docker as people write them. */
function familiar(name: string): string {
  return isDigest(name) ? name : formatFamiliar(parseNamedReference(name));
}
