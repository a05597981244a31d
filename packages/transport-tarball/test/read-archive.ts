import { readFileSync } from "node:fs";

import { verified } from "@drayage/core/content";
import { parseManifest } from "@drayage/core/manifest";

import { dockerArchive } from "../src/index.ts";

/** Reads an image of a docker archive completely, and reports its peak memory in bytes. */
const [, , archive = ""] = process.argv;
await using source = await dockerArchive().parseReference(archive).newImageSource();
const manifest = parseManifest(await source.getManifest());
for (const layer of manifest.kind === "image" ? manifest.layers : [])
  for await (const _ of verified(source.getBlob(layer), layer));
process.send?.(peakMemory() * 1024);

/** KiB. On Linux, `maxRSS` is at least the memory of the process that started this one. */
function peakMemory(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(peak);
}
