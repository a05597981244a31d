import { randomImage } from "../random/random-image.ts";
import { writeImage } from "../random/write-image.ts";
import { blobRequirements } from "./blob-requirements.ts";
import { copyRequirements } from "./copy-requirements.ts";
import { deleteRequirements } from "./delete-requirements.ts";
import { destinationRequirements } from "./destination-requirements.ts";
import { referenceRequirements } from "./reference-requirements.ts";
import type { Abilities, Requirement, TransportUnderTest } from "./requirement.ts";
import { sourceRequirements } from "./source-requirements.ts";

/** All that the contract asks of a transport, as data. */
export const requirements: readonly Requirement[] = [
  ...referenceRequirements,
  ...destinationRequirements,
  ...blobRequirements,
  ...sourceRequirements,
  ...copyRequirements,
  ...deleteRequirements,
];

/** A requirement bound to a transport, for any test runner. */
export interface ConformanceCheck {
  /** `id: promise` */
  readonly name: string;
  /** Rejects where the transport breaks the promise. */
  readonly run: () => Promise<void>;
}

/**
 * The checks that a transport has to pass, given what it says it can do.
 *
 * @example
 * ```ts
 * for (const { name, run } of await conformance(subject)) test(name, run);
 * ```
 */
export async function conformance(
  subject: TransportUnderTest,
): Promise<readonly ConformanceCheck[]> {
  const abilities = await abilitiesOf(subject);
  return requirements
    .filter(({ appliesTo }) => appliesTo?.(abilities, subject) ?? abilities.writes)
    .map((requirement) => ({
      name: `${requirement.id}: ${requirement.promise}`,
      run: () => requirement.check(subject, abilities),
    }));
}

async function abilitiesOf(subject: TransportUnderTest): Promise<Abilities> {
  const reference = await subject.freshReference();
  const deletes = reference.deleteImage !== undefined;
  if (reference.newImageDestination === undefined) {
    return { writes: false, deletes, accepts: undefined, offers: undefined };
  }
  const accepts = await destinationAccepts(reference.newImageDestination.bind(reference));
  await writeImage(await randomImage("abilities"), reference);
  await using source = await reference.newImageSource();
  return { writes: true, deletes, accepts, offers: source.offers };
}

async function destinationAccepts(
  open: () => Promise<AsyncDisposable & { readonly accepts: NonNullable<Abilities["accepts"]> }>,
): Promise<Abilities["accepts"]> {
  await using destination = await open();
  return destination.accepts;
}
