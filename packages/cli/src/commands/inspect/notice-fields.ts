import type { Notice } from "@drayage/core";

/** Rate limits and warnings of the registry, in keys that skopeo does not have. Omitted if there are none. */
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
