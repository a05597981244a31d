import type { GlobalFlags } from "../../flags/global-flags.ts";
import type { RetryFlags } from "../../flags/retry-flags.ts";
import type { ProgressKind } from "../../progress/progress-view.ts";

export interface VerifyFlags extends GlobalFlags, RetryFlags {
  readonly platform?: readonly string[];
  readonly referrers?: true;
  readonly read?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly progress: ProgressKind;
}
