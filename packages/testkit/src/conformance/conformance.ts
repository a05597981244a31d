import { abilitiesOf } from "./abilities.ts";
import { blobRequirements } from "./blob-requirements.ts";
import { copyRequirements } from "./copy-requirements.ts";
import { deleteRequirements } from "./delete-requirements.ts";
import { destinationRequirements } from "./destination-requirements.ts";
import { referenceRequirements } from "./reference-requirements.ts";
import { referrerRequirements } from "./referrer-requirements.ts";
import type { Requirement, TransportUnderTest } from "./requirement.ts";
import { sourceRequirements } from "./source-requirements.ts";

/** All that the contract asks of a transport, as data. */
export const requirements: readonly Requirement[] = [
  ...referenceRequirements,
  ...destinationRequirements,
  ...blobRequirements,
  ...sourceRequirements,
  ...copyRequirements,
  ...referrerRequirements,
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
