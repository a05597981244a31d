import type { Notice } from "./notice.ts";
import type { OperationOptions } from "./operation-options.ts";
import { Retries } from "./retries.ts";
import type { Retry } from "./retries.ts";

/** Options of an operation with events. */
export interface ReportedOptions extends OperationOptions {
  readonly onEvent?: ((event: ReportedEvent) => void) | undefined;
}

/** The events that all these operations have in common. */
type ReportedEvent =
  | ({ readonly kind: "retry" } & Retry)
  | { readonly kind: "notice"; readonly notice: Notice };

/** Converts notices and retries to events. */
export function reporting<Options extends ReportedOptions>(options: Options): Options {
  const { onEvent, onNotice, retries } = options;
  const onRetry = (retry: Retry): void => onEvent?.({ kind: "retry", ...retry });
  return {
    ...options,
    retries: retries ?? new Retries({ onRetry }),
    onNotice(notice: Notice) {
      onNotice?.(notice);
      onEvent?.({ kind: "notice", notice });
    },
  };
}
