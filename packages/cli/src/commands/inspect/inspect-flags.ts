import type { GlobalFlags } from "../../flags/global-flags.ts";
import type { RetryFlags } from "../../flags/retry-flags.ts";

export interface InspectFlags extends GlobalFlags, RetryFlags {
  readonly raw?: true;
  readonly config?: true;
  readonly noTags?: true;
  readonly format?: string;
  readonly platform?: string;
}
