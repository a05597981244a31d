import { formatPlan } from "@drayage/core/copy";
import {
  estimateCost,
  formatCost,
  formatTransfers,
  parsePrices,
  preparePlan,
  serializePlan,
  transfersOf,
} from "@drayage/plan";
import type { PriceTable, StoredPlan } from "@drayage/plan";

import { sideOf } from "../../flags/side-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { parseImageName } from "../../images/image-name.ts";
import { noticeLogger } from "../../process/notice-lines.ts";
import { withRetries } from "../../process/retry.ts";
import { writeResult } from "../../process/standard-streams.ts";
import type { CopyFlags } from "../copy/copy-flags.ts";
import { runningOptions, withPolicy } from "../copy/running-options.ts";
import { readInputFile } from "./input-file.ts";

export interface PlanFlags extends CopyFlags {
  readonly prices?: string;
}

/** `drayage plan` */
export async function plan(
  source: string,
  destination: string,
  flags: PlanFlags,
  signal: AbortSignal,
): Promise<void> {
  const prices = await readPrices(flags, signal);
  const options = await runningOptions(flags, signal);
  const { platform } = options;
  const parallel = flags.imageParallelCopies;
  const from = await parseImageName(source, {
    ...sideOf({ ...flags }, "src-", parallel),
    platform,
  });
  const to = await parseImageName(destination, sideOf({ ...flags }, "dest-", parallel));
  const checked = await withPolicy(flags, options);
  const noticed = flags.quiet ? checked : { ...checked, onNotice: noticeLogger() };
  const stored = await withRetries(flags, signal, async () => preparePlan(from, to, noticed));
  await writeResult(flags.json ? serializePlan(stored) : formatStored(stored, prices));
}

async function readPrices(
  { prices, json }: PlanFlags,
  signal: AbortSignal,
): Promise<PriceTable | undefined> {
  if (prices === undefined) return undefined;
  if (json)
    throw new UsageError(
      "--prices cannot be used with --json, because the plan contains no prices; run drayage plan without --json",
    );
  return parsePrices(await readInputFile("price table", prices, signal));
}

function formatStored({ plan: planned }: StoredPlan, prices: PriceTable | undefined): string {
  const cost = prices === undefined ? "" : formatCost(estimateCost(planned, prices));
  return `${formatPlan(planned)}${formatTransfers(transfersOf(planned))}${cost}`;
}
