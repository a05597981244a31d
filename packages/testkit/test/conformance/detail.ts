import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

/**
 * By requirement, then by what the transport does wrong: a transport that breaks one statement of the requirement, and
 * part of the message of the failure. It may break other requirements too.
 */
export type Details = Readonly<Record<string, Readonly<Record<string, Detail>>>>;

type Detail = readonly [() => TransportUnderTest | Promise<TransportUnderTest>, RegExp];
