import type { NamedReference } from "../names/docker-reference.ts";
import type { EmbeddedName } from "../schema1/edit-schema1.ts";

/** The name and tag of a schema 1 manifest at this destination; undefined without a docker reference. */
export function embeddedNameOf(reference: NamedReference | undefined): EmbeddedName | undefined {
  return reference && { name: reference.path, tag: reference.tag ?? "" };
}
