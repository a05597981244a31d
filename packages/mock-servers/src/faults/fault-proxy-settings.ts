import type { PlannedFault, SeededFaults } from "./fault.ts";

/** The target and faults of a proxy. */
export interface FaultProxySettings {
  /** The HTTP origin of a registry on this machine. */
  readonly target: string;
  /** The default is no faults. */
  readonly faults?: readonly PlannedFault[] | SeededFaults | undefined;
  /** Disconnects each connection after this many body bytes in one direction. The default is unlimited. */
  readonly cutEvery?: number | undefined;
}
