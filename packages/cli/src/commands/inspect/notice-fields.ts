import type { Notice } from "@drayage/core";

/** What a registry had to say, under keys that skopeo does not have and only where there is something. */
export function noticeFields(notices: readonly Notice[]): object {
  const limit = notices.findLast((notice) => notice.kind === "rate-limit");
  const warnings = notices.flatMap((notice) => (notice.kind === "warning" ? notice.text : []));
  return {
    ...(limit !== undefined && {
      RateLimit: {
        Limit: limit.limit,
        Remaining: limit.remaining,
        Window: limit.window,
        Source: limit.source,
      },
    }),
    ...(warnings.length > 0 && { Warnings: [...new Set(warnings)] }),
  };
}
