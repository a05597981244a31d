import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { copyImage } from "@drayage/core";
import { distributionProgram, startDistribution } from "@drayage/testkit";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";

import { measuredRun } from "./measured-run.ts";
import type { Run } from "./measured-run.ts";
import { formatResults } from "./results.ts";
import { samples, writeSample } from "./sample-layout.ts";
import { installedTools } from "./tools.ts";
import type { Tool } from "./tools.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    layouts: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`Measures drayage beside skopeo, crane and oras, where they are on the PATH, in turn.

  npm run bench -- [--runs N] [--layouts FOLDER]

  --runs N          how often each command is run; the first of each does not count (default 5)
  --layouts FOLDER  OCI layouts to copy, one image named "image" in each (default: made of this
                    machine's own files)

Needs docker-registry and GNU time (apt-get install docker-registry time).`);
} else {
  await bench(Number(values.runs), values.layouts);
}

async function bench(runs: number, given: string | undefined): Promise<void> {
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
      const layout = given === undefined ? await madeSample(folder, name) : path.join(given, name);
      console.log(formatResults(`push ${name}`, await pushes(tools, layout, runs, folder)));
      console.log(formatResults(`pull ${name}`, await pulls(tools, layout, runs, folder)));
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

type Results = Map<string, Run[]>;

/** Each into a registry that has nothing yet. */
async function pushes(
  tools: readonly Tool[],
  layout: string,
  runs: number,
  folder: string,
): Promise<Results> {
  return inTurn(tools, runs, async (tool) => {
    await using registry = await startDistribution();
    return await measuredRun(folder, tool.push(layout, `${registry.host}/bench/image:tag`));
  });
}

/** Each into a layout that is not there yet. */
async function pulls(
  tools: readonly Tool[],
  layout: string,
  runs: number,
  folder: string,
): Promise<Results> {
  await using registry = await startDistribution();
  const image = `${registry.host}/bench/image:tag`;
  await copyImage(
    ociLayout().parseReference(`${layout}:image`),
    docker().parseReference(`//${image}`),
  );
  return await inTurn(tools, runs, async (tool) => {
    const target = path.join(folder, "pulled");
    await mkdir(target);
    const run = await measuredRun(folder, tool.pull(image, path.join(target, "layout")));
    await rm(target, { recursive: true });
    return run;
  });
}

/** A B C A B C …, so that what the machine does meanwhile falls on all of them; the first round warms up. */
async function inTurn(
  tools: readonly Tool[],
  runs: number,
  work: (tool: Tool) => Promise<Run>,
): Promise<Results> {
  const results: Results = new Map(tools.map(({ name }) => [name, []]));
  for (let round = 0; round <= runs; round++) {
    for (const tool of tools) {
      const run = await work(tool);
      if (round > 0) results.get(tool.name)?.push(run);
    }
  }
  return results;
}
