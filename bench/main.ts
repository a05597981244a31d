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
import { startPlace } from "./place.ts";
import type { Line } from "./place.ts";
import { formatResults } from "./results.ts";
import type { Results } from "./results.ts";
import { samples, writeSample } from "./sample-layout.ts";
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
  console.log(`Measures drayage beside skopeo, crane and oras, where they are on the PATH, in turn.

  npm run bench -- [--runs N] [--layouts FOLDER] [--round-trip MS] [--only WORDS]

  --runs N          how often each command is run (default 5); one more run of each comes first,
                    which warms up and counts the requests
  --layouts FOLDER  OCI layouts to copy, one image named "image" in each (default: made of this
                    machine's own files)
  --round-trip MS   puts the registry so far away (default 0)
  --only WORDS      only the work with these words in its name, such as "pull" or "push many"

Needs docker-registry and GNU time (apt-get install docker-registry time).`);
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
      "This needs docker-registry and GNU time: apt-get install docker-registry time",
    );
  }
  const tools = installedTools();
  if (tools.length === 1) console.log("No other tool is on the PATH: nothing to compare with.\n");
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
        const results = await inTurn(able, runs, async (tool, isCounted) => {
          const line: Line = isCounted ? "counted" : { roundTrip };
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
  readonly line: Line;
}

async function measured(job: Job, measurement: Measurement): Promise<Measured> {
  const { layout, folder, line } = measurement;
  await using place = await startPlace(line);
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
  // Else who waits for the disk would wait for what was written before as well.
  execFileSync("sync");
  const run = await measuredRun(folder, command);
  await rm(target, { recursive: true });
  return { ...run, requests: place.requests };
}

/** A B C A B C …, so that what the machine does meanwhile falls on all of them; the first round warms up and counts. */
async function inTurn(
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
