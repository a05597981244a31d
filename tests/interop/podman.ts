import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { findProgram, outputOf } from "@drayage/testkit";

/** Without root it would need settings of the machine that not every machine has. */
export const podmanProgram: string | undefined =
  process.getuid?.() === 0 ? findProgram("podman") : undefined;

/** A podman with a storage of its own, below the folder, that accepts every image. */
export async function newPodman(
  folder: string,
): Promise<(...args: readonly string[]) => Promise<string>> {
  const at = (name: string): string => path.join(folder, name);
  await mkdir(folder);
  await writeFile(at("policy.json"), `{"default": [{"type": "insecureAcceptAnything"}]}`);
  const places = ["--root", at("root"), "--runroot", at("run"), "--tmpdir", at("tmp")];
  const plain = ["--storage-driver=vfs", "--events-backend=none", "--cgroup-manager=cgroupfs"];
  return async (command, ...args) => {
    const policy = command === "load" ? [`--signature-policy=${at("policy.json")}`] : [];
    return outputOf(podmanProgram ?? "", ...places, ...plain, command ?? "", ...policy, ...args);
  };
}
