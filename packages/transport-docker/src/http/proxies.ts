import { environmentProxies, isLoopback } from "@drayage/transport-kit/wire";
import type { FindProxy } from "@drayage/transport-kit/wire";

import type { DockerSettings } from "../docker-settings.ts";

/** The configured proxy, else those of the environment. Hosts on this machine are reached without a proxy. */
export function proxiesOf({ proxy, system }: Pick<DockerSettings, "proxy" | "system">): FindProxy {
  if (proxy === false) return () => undefined;
  if (proxy === undefined) return environmentProxies(system);
  return ({ hostname }) => (isLoopback(hostname) ? undefined : proxy);
}
