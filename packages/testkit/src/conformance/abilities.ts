import type { DestinationAccepts, ImageReference, SourceOffers } from "@drayage/core";
import { isIndexMediaType } from "@drayage/core/manifest";

import { destinationOf } from "./checks.ts";
import type { Abilities, TransportUnderTest } from "./requirement.ts";
import { imageFor, storeImage } from "./sample-images.ts";

/** Reads the abilities of a transport from a destination and from the source of a stored image. */
export async function abilitiesOf(subject: TransportUnderTest): Promise<Abilities> {
  const reference = await subject.freshReference();
  const isReadOnly = subject.store !== undefined;
  const writes = !isReadOnly && reference.newImageDestination !== undefined;
  const destination = writes ? await destinationAbilities(reference) : undefined;
  const accepts = destination?.accepts;
  const decompresses = accepts?.layers === "decompress";
  const preserves = subject.preserves ?? (decompresses ? "content" : "everything");
  return {
    writes,
    reads: writes || isReadOnly,
    deletes: writes && (subject.deletes ?? reference.deleteImage !== undefined),
    indexes: preserves === "everything" && acceptsIndexes(accepts),
    preserves,
    overwriting: subject.overwriting ?? "reuses",
    accepts,
    resolves: destination?.resolves ?? false,
    reusesManifests: destination?.reusesManifests ?? false,
    locatesBlobs: destination?.locatesBlobs ?? false,
    offers: writes || isReadOnly ? await offersOf(subject, accepts) : undefined,
    listsImages: reference.listImages !== undefined,
    listsTags: subject.transport.listTags !== undefined,
    collectsGarbage: subject.transport.collectGarbage !== undefined,
  };
}

async function destinationAbilities(
  reference: ImageReference,
): Promise<
  Pick<Abilities, "resolves" | "reusesManifests" | "locatesBlobs"> & { accepts: DestinationAccepts }
> {
  await using destination = await destinationOf(reference);
  return {
    accepts: destination.accepts,
    resolves: destination.resolve !== undefined,
    reusesManifests: destination.tryReusingManifest !== undefined,
    locatesBlobs: destination.locateBlob !== undefined,
  };
}

async function offersOf(
  subject: TransportUnderTest,
  accepts: DestinationAccepts | undefined,
): Promise<SourceOffers> {
  const reference = await storeImage(await imageFor({ accepts }, "abilities"), subject);
  await using source = await reference.newImageSource();
  return source.offers;
}

function acceptsIndexes(accepts: DestinationAccepts | undefined): boolean {
  return accepts?.manifestMIMETypes?.some(isIndexMediaType) ?? true;
}
