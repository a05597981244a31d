import { stat } from "node:fs/promises";
import path from "node:path";

import { implicitPathOf } from "@drayage/core";
import type { SystemContext } from "@drayage/core";

import { environmentOf, homeFolder } from "./docker-folder.ts";

/**
 * The first that is there: Docker's for the machine, for the user without rights, and of its desktop; then Podman's for
 * the user and for the machine. Where there is none, Docker's for the machine.
 */
export async function defaultSocket(system: SystemContext | undefined): Promise<string> {
  const [usual, ...others] = socketsOf(system);
  for (const socket of [usual, ...others]) if (await isSocket(socket)) return socket;
  return usual;
}

function socketsOf(system: SystemContext | undefined): readonly [string, ...string[]] {
  const ofMachine = (socket: string): string => implicitPathOf(socket, system);
  const home = homeFolder(system);
  const runtime = environmentOf(system)["XDG_RUNTIME_DIR"] || undefined;
  return [
    ofMachine("/var/run/docker.sock"),
    ...(runtime === undefined ? [] : [path.join(runtime, "docker.sock")]),
    path.join(home, ".docker/run/docker.sock"),
    path.join(home, ".docker/desktop/docker.sock"),
    ...(runtime === undefined ? [] : [path.join(runtime, "podman/podman.sock")]),
    ofMachine("/run/podman/podman.sock"),
  ];
}

async function isSocket(file: string): Promise<boolean> {
  const status = await stat(file).catch(() => undefined);
  return status?.isSocket() === true;
}
