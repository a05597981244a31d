import { homedir } from "node:os";
import path from "node:path";

import type { SystemContext } from "@drayage/core";

type Environment = NonNullable<SystemContext["environment"]>;

export function environmentOf({ environment = process.env }: SystemContext = {}): Environment {
  return environment;
}

/** The home folder of the user: `HOME`, else that of the operating system. */
export function homeFolder(system: SystemContext | undefined): string {
  return environmentOf(system)["HOME"] ?? homedir();
}

/** The folder of docker for the configuration of the user. */
export function dockerFolder(system: SystemContext | undefined): string {
  return environmentOf(system)["DOCKER_CONFIG"] || path.join(homeFolder(system), ".docker");
}
