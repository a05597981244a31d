import type { Notice } from "./notice.ts";
import type { OperationOptions } from "./operation-options.ts";
import { Retries } from "./retries.ts";
import type { Retry } from "./retries.ts";

/** Options of work that tells what happens while it happens. */
export interface ReportedOptions extends OperationOptions {
  readonly onEvent?: ((event: ReportedEvent) => void) | undefined;
}

/** What happens below any such work. */
type ReportedEvent =
  | ({ readonly kind: "retry" } & Retry)
  | { readonly kind: "notice"; readonly notice: Notice };

/** The same options, with which what happens below becomes events. */
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
