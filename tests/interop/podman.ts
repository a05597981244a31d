import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { findProgram, outputOf } from "@drayage/test-support";

/** Without root it would need machine settings that are not always present. */
export const podmanProgram: string | undefined =
  process.getuid?.() === 0 ? findProgram("podman") : undefined;

/** A podman with its own storage in the folder. It accepts every image. */
export async function newPodman(
  folder: string,
): Promise<(...args: readonly string[]) => Promise<string>> {
  const policyFile = path.join(folder, "policy.json");
  await mkdir(folder);
  await writeFile(policyFile, acceptAll);
  return async (command, ...args) => {
    const policy = command === "load" ? [`--signature-policy=${policyFile}`] : [];
    const flags = storageFlags(folder);
    return outputOf(podmanProgram ?? "", ...flags, command ?? "", ...policy, ...args);
  };
}

/** A podman that serves the Docker Engine API. */
export interface PodmanService extends AsyncDisposable {
  readonly host: string;
}

/** With its own storage in the folder. It accepts every image. */
export async function startPodmanService(folder: string): Promise<PodmanService> {
  const socket = path.join(folder, "podman.sock");
  const home = path.join(folder, "home");
  await mkdir(path.join(home, ".config/containers"), { recursive: true });
  await writeFile(path.join(home, ".config/containers/policy.json"), acceptAll);
  const host = `unix://${socket}`;
  const args = [...storageFlags(folder), "system", "service", "--time=0", host];
  const env = { ...process.env, HOME: home };
  const child = spawn(podmanProgram ?? "", args, { env, stdio: "ignore" });
  const exited = once(child, "exit");
  while (!existsSync(socket)) await delay(10);
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

const acceptAll = `{"default": [{"type": "insecureAcceptAnything"}]}`;

function storageFlags(folder: string): readonly string[] {
  const at = (name: string): string => path.join(folder, name);
  const places = ["--root", at("root"), "--runroot", at("run"), "--tmpdir", at("tmp")];
  const plain = ["--storage-driver=vfs", "--events-backend=none", "--cgroup-manager=cgroupfs"];
  return [...places, ...plain];
}
