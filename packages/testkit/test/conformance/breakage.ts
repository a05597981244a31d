import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

/** Transports that each break one requirement: by id of the requirement, then by description of the defect. */
export type Breakages = Readonly<
  Record<string, Readonly<Record<string, () => TransportUnderTest | Promise<TransportUnderTest>>>>
>;
