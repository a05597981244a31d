import type { NamedReference } from "../names/docker-reference.ts";
import type { EmbeddedName } from "../schema1/edit-schema1.ts";

/** What a manifest of schema 1 has to name at a destination with this reference; undefined where that does not matter. */
export function embeddedNameOf(reference: NamedReference | undefined): EmbeddedName | undefined {
  return reference && { name: reference.path, tag: reference.tag ?? "" };
}
