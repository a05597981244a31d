export { isNotThere, isThere } from "./conformance/checks.ts";
export { conformance, requirements } from "./conformance/conformance.ts";
export type { ConformanceCheck } from "./conformance/conformance.ts";
export type { Abilities, Requirement, TransportUnderTest } from "./conformance/requirement.ts";
export { distributionProgram, startDistribution } from "./servers/distribution.ts";
export type { Distribution, DistributionSettings } from "./servers/distribution.ts";
export { findProgram, outputOf } from "./servers/program.ts";
