import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

/**
 * Transports that each break one statement of a requirement, with a part of the error message: by id of the requirement,
 * then by description of the defect. A transport may break other requirements too.
 */
export type Details = Readonly<Record<string, Readonly<Record<string, Detail>>>>;

type Detail = readonly [() => TransportUnderTest | Promise<TransportUnderTest>, RegExp];
