import type { PlannedFault, SeededFaults } from "./fault.ts";

/** What a proxy stands in front of, and what it does. */
export interface FaultProxySettings {
  /** The origin of a registry on this machine, by plain http. */
  readonly target: string;
  /** What befalls which requests. Default: nothing. */
  readonly faults?: readonly PlannedFault[] | SeededFaults | undefined;
  /** Each connection is cut after so many bytes of bodies in one direction. Default: none is. */
  readonly cutEvery?: number | undefined;
}
