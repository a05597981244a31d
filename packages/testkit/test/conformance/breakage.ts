import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

/** By requirement, then by what the transport does wrong: a transport that breaks this requirement and no other. */
export type Breakages = Readonly<
  Record<string, Readonly<Record<string, () => TransportUnderTest | Promise<TransportUnderTest>>>>
>;
