import { homedir } from "node:os";
import path from "node:path";

import type { SystemContext } from "@drayage/core";

type Environment = NonNullable<SystemContext["environment"]>;

export function environmentOf({ environment = process.env }: SystemContext = {}): Environment {
  return environment;
}

/** Of the user, as the operating system has it or `HOME` says. */
export function homeFolder(system: SystemContext | undefined): string {
  return environmentOf(system)["HOME"] ?? homedir();
}

/** Where docker keeps what it knows of the user. */
export function dockerFolder(system: SystemContext | undefined): string {
  return environmentOf(system)["DOCKER_CONFIG"] || path.join(homeFolder(system), ".docker");
}
