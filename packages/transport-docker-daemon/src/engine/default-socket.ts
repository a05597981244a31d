import { stat } from "node:fs/promises";
import path from "node:path";

import { implicitPathOf } from "@drayage/core";
import type { SystemContext } from "@drayage/core";

import { environmentOf, homeFolder } from "./docker-folder.ts";

/**
 * The first existing socket of: Docker of the system, rootless Docker, Docker Desktop, Podman of the user, Podman of the
 * system. Docker of the system if none exists.
 */
export async function defaultSocket(system: SystemContext | undefined): Promise<string> {
  const [systemSocket, ...others] = socketsOf(system);
  for (const socket of [systemSocket, ...others]) if (await isSocket(socket)) return socket;
  return systemSocket;
}

function socketsOf(system: SystemContext | undefined): readonly [string, ...string[]] {
  const inSystem = (socket: string): string => implicitPathOf(socket, system);
  const home = homeFolder(system);
  const runtime = environmentOf(system)["XDG_RUNTIME_DIR"] || undefined;
  return [
    inSystem("/var/run/docker.sock"),
    ...(runtime === undefined ? [] : [path.join(runtime, "docker.sock")]),
    path.join(home, ".docker/run/docker.sock"),
    path.join(home, ".docker/desktop/docker.sock"),
    ...(runtime === undefined ? [] : [path.join(runtime, "podman/podman.sock")]),
    inSystem("/run/podman/podman.sock"),
  ];
}

async function isSocket(file: string): Promise<boolean> {
  const status = await stat(file).catch(() => undefined);
  return status?.isSocket() === true;
}
