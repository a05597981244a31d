import { parsePlatform } from "@drayage/core";
import { verifyImage } from "@drayage/core/verify";
import type { VerifyResult } from "@drayage/core/verify";

import { sideOf } from "../../flags/side-flags.ts";
import { StandardOutputError, UsageError } from "../../flags/usage-error.ts";
import { parseImageName } from "../../images/image-name.ts";
import { plainJSON } from "../../process/json-text.ts";
import { withRetries } from "../../process/retry.ts";
import { writeResult } from "../../process/standard-streams.ts";
import { freeChunksEarly } from "../../process/v8-flags.ts";
import { withErrorEvent } from "../../progress/error-event.ts";
import { openProgressView } from "../../progress/progress-view.ts";
import { formatReport, headlineOf } from "./format-report.ts";
import type { VerifyFlags } from "./verify-flags.ts";

/** `drayage verify` */
export async function verify(name: string, flags: VerifyFlags, signal: AbortSignal): Promise<void> {
  refuseContradictions(flags);
  freeChunksEarly();
  const { platform, referrers, read: readAll } = flags;
  const instances = platform && { platforms: platform.map(parsePlatform) };
  const options = { instances, referrers, readAll, signal };
  const result = await withErrorEvent(flags.progress, signal, async () => {
    const reference = await parseImageName(name, sideOf({ ...flags }, ""));
    return withRetries(flags, signal, async () => {
      using view = await openProgressView(flags.quiet ? "none" : flags.progress);
      return await verifyImage(reference, { ...options, onEvent: view.show });
    });
  });
  await report(result, flags);
  if (result.problems.length > 0) throw new Error(headlineOf(result));
}

/** With `--progress=json`, the last event contains the result. */
async function report(result: VerifyResult, flags: VerifyFlags): Promise<void> {
  if (flags.progress === "json") return;
  if (flags.json) await writeResult(`${plainJSON(result, 4)}\n`);
  else if (!flags.quiet || result.problems.length > 0) await writeResult(formatReport(result));
}

function refuseContradictions({ json, quiet, progress }: VerifyFlags): void {
  const shows = progress !== "auto" && progress !== "none";
  if (json && progress === "json")
    throw new StandardOutputError(
      "--json and --progress=json both write to standard output; use one of them",
    );
  if (quiet && shows)
    throw new UsageError(
      `--quiet and --progress=${progress} contradict each other; use one of them`,
    );
}
