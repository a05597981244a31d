import { applyPlan, parsePlan } from "@drayage/plan";
import type { RecordedOptions } from "@drayage/plan";

import { sideOf } from "../../flags/side-flags.ts";
import { parseImageName } from "../../images/image-name.ts";
import { freeChunksEarly } from "../../process/v8-flags.ts";
import { withErrorEvent } from "../../progress/error-event.ts";
import { checkArchiveOutput } from "../copy/archive-output.ts";
import type { CopyFlags } from "../copy/copy-flags.ts";
import { copyAndReport, refuseContradictions } from "../copy/copy.ts";
import { requireWritable } from "../copy/digest-file.ts";
import { runningOptions, withPolicy } from "../copy/running-options.ts";
import { readInputFile } from "./input-file.ts";

/** `drayage apply` */
export async function apply(file: string, flags: CopyFlags, signal: AbortSignal): Promise<void> {
  refuseContradictions(flags);
  freeChunksEarly();
  await withErrorEvent(flags.progress, signal, async () => applyFile(file, flags, signal));
}

async function applyFile(file: string, flags: CopyFlags, signal: AbortSignal): Promise<void> {
  const stored = parsePlan(await readInputFile("plan", file, signal));
  const { plan, options: recorded } = stored;
  const options = { ...(await runningOptions(withFormats(flags, recorded), signal)), ...recorded };
  const parallel = flags.imageParallelCopies;
  const from = await parseImageName(plan.source, {
    ...sideOf({ ...flags }, "src-", parallel),
    platform: recorded.platform,
  });
  const to = await parseImageName(plan.destination, sideOf({ ...flags }, "dest-", parallel));
  await checkArchiveOutput(to, flags);
  if (flags.digestfile !== undefined) await requireWritable(flags.digestfile);
  const checked = await withPolicy(flags, options);
  await copyAndReport(from, to, flags, checked, async (source, destination, all) =>
    applyPlan(stored, source, destination, all),
  );
}

/** Adds the recorded formats to the flags, which decide what compressors are loaded. */
function withFormats(
  flags: CopyFlags,
  { compression, ensureCompressionVariantsExist: addCompression }: RecordedOptions,
): CopyFlags {
  const destCompressFormat = typeof compression === "object" ? compression.format : compression;
  return {
    ...flags,
    ...(destCompressFormat !== undefined && { destCompressFormat }),
    ...(addCompression !== undefined && { addCompression }),
  };
}
