import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";

/** The resource usage of a finished process. */
export interface Run {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
  /** Bytes, at the peak. */
  readonly memory: number;
}

/** GNU time is available on every Linux and reports the resources of a finished process. */
const time = "/usr/bin/time";

/** Runs a command to its end. Rejects with its output if it fails. */
export async function measuredRun(folder: string, command: readonly string[]): Promise<Run> {
  const report = path.join(folder, "time.txt");
  const child = spawn(time, ["-f", "%e %U %S %M", "-o", report, ...command], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output = (output + String(chunk)).slice(-2000)));
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`${command.join(" ")} failed (${status}): ${output}`);
  const [wall = NaN, user = NaN, system = NaN, memory = NaN] = (await readFile(report, "utf8"))
    .trim()
    .split(" ")
    .map(Number);
  await rm(report);
  return { wall, cpu: user + system, memory: memory * 1024 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}
