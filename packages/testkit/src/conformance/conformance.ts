import { abilitiesOf } from "./abilities.ts";
import { copyRequirements } from "./copy-requirements.ts";
import { deleteRequirements } from "./delete-requirements.ts";
import { destinationRequirements } from "./destination-requirements.ts";
import { getBlobRequirements } from "./get-blob-requirements.ts";
import { listingRequirements } from "./listing-requirements.ts";
import { putBlobRequirements } from "./put-blob-requirements.ts";
import { referenceRequirements } from "./reference-requirements.ts";
import { referrerRequirements } from "./referrer-requirements.ts";
import type { Requirement, TransportUnderTest } from "./requirement.ts";
import { sourceRequirements } from "./source-requirements.ts";

/** All requirements of the contract, as data. */
export const requirements: readonly Requirement[] = [
  ...referenceRequirements,
  ...destinationRequirements,
  ...putBlobRequirements,
  ...sourceRequirements,
  ...getBlobRequirements,
  ...listingRequirements,
  ...copyRequirements,
  ...referrerRequirements,
  ...deleteRequirements,
];

/** A requirement for one transport, for any test runner. */
export interface ConformanceCheck {
  /** `id: description` */
  readonly name: string;
  /** Rejects if the transport does not meet the requirement. */
  readonly run: () => Promise<void>;
}

/**
 * Returns the checks that apply to a transport with its abilities.
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
      name: `${requirement.id}: ${requirement.description}`,
      run: () => requirement.check(subject, abilities),
    }));
}
