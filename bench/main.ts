import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { copyImage } from "@drayage/core";
import { distributionProgram } from "@drayage/test-servers";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";
import { dockerArchive } from "@drayage/transport-tarball";

import { imageAt, jobs } from "./jobs.ts";
import type { Job } from "./jobs.ts";
import { measuredRun } from "./measured-run.ts";
import type { Run } from "./measured-run.ts";
import { formatResults } from "./results.ts";
import type { Results } from "./results.ts";
import { samples, writeSample } from "./sample-layout.ts";
import { startTestRegistry } from "./test-registry.ts";
import type { Connection } from "./test-registry.ts";
import { installedTools } from "./tools.ts";
import type { Tool } from "./tools.ts";

interface Measured extends Run {
  readonly requests: number;
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    layouts: { type: "string" },
    "round-trip": { type: "string", default: "0" },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`Measures drayage beside skopeo, crane and oras, if they are on the PATH, alternating between tools.

  npm run bench -- [--runs N] [--layouts FOLDER] [--round-trip MS] [--only WORDS]

  --runs N          the number of runs of each command (default 5), after one that
                    warms up and counts requests
  --layouts FOLDER  OCI layouts to copy, one image named "image" in each (default: created from this
                    machine's own files)
  --round-trip MS   simulates a distant registry (default 0)
  --only WORDS      only jobs with these words in their names, such as "pull" or "push many"

Requires docker-registry and GNU time (apt-get install docker-registry time).`);
} else {
  await bench({
    layouts: values.layouts,
    runs: Number(values.runs),
    roundTrip: Number(values["round-trip"]),
    only: values.only,
  });
}

interface BenchOptions {
  readonly layouts: string | undefined;
  readonly runs: number;
  /** Milliseconds. */
  readonly roundTrip: number;
  readonly only: string;
}

async function bench({ layouts, runs, roundTrip, only }: BenchOptions): Promise<void> {
  if (distributionProgram === undefined || !existsSync("/usr/bin/time")) {
    throw new Error(
      "docker-registry and GNU time are required: apt-get install docker-registry time",
    );
  }
  const tools = installedTools();
  if (tools.length === 1) console.log("No other tool is on the PATH; measuring only drayage.\n");
  const folder = await mkdtemp(path.join(tmpdir(), "bench-"));
  try {
    for (const name of Object.keys(samples)) {
      const wanted = jobs.filter((job) => `${job.name} ${name}`.includes(only));
      if (wanted.length === 0) continue;
      const layout =
        layouts === undefined ? await madeSample(folder, name) : path.join(layouts, name);
      const archive = await madeArchive(folder, layout);
      for (const job of wanted) {
        const able = tools.filter(
          (tool) => job.command({ tool, layout, archive, host: "", to: "" }) !== undefined,
        );
        const results = await interleaved(able, runs, async (tool, isCounted) => {
          const line: Connection = isCounted ? "counted" : { roundTrip };
          return measured(job, { tool, layout, archive, folder, line });
        });
        console.log(formatResults(`${job.name} ${name}`, results));
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function madeSample(folder: string, name: string): Promise<string> {
  const layout = path.join(folder, name);
  await writeSample(layout, samples[name]?.() ?? []);
  return layout;
}

async function madeArchive(folder: string, layout: string): Promise<string> {
  const archive = path.join(folder, "archive.tar");
  await rm(archive, { force: true });
  await copyImage(
    ociLayout().parseReference(`${layout}:image`),
    dockerArchive().parseReference(`${archive}:example.com/image:tag`),
  );
  return archive;
}

interface Measurement {
  readonly tool: Tool;
  readonly layout: string;
  readonly archive: string;
  readonly folder: string;
  readonly line: Connection;
}

async function measured(job: Job, measurement: Measurement): Promise<Measured> {
  const { layout, folder, line } = measurement;
  await using place = await startTestRegistry(line);
  if (job.isThere) {
    await copyImage(
      ociLayout().parseReference(`${layout}:image`),
      docker().parseReference(`//${imageAt(place.registry)}`),
    );
  }
  const target = path.join(folder, "pulled");
  await mkdir(target);
  const to = path.join(target, "layout");
  const command = job.command({ ...measurement, host: place.host, to }) ?? [];
  // Otherwise a job that waits for the disk also waits for earlier writes.
  execFileSync("sync");
  const run = await measuredRun(folder, command);
  await rm(target, { recursive: true });
  return { ...run, requests: place.requests };
}

/** A B C A B C …, so that other load on the machine affects all tools. The first round warms up and counts requests. */
async function interleaved(
  tools: readonly Tool[],
  runs: number,
  work: (tool: Tool, isCounted: boolean) => Promise<Measured>,
): Promise<Results> {
  const results = new Map<string, { requests: number; runs: Measured[] }>();
  for (let round = 0; round <= runs; round++) {
    for (const tool of tools) {
      const run = await work(tool, round === 0);
      if (round === 0) results.set(tool.name, { requests: run.requests, runs: [] });
      else results.get(tool.name)?.runs.push(run);
    }
  }
  return results;
}
