import { UsageError } from "../flags/usage-error.ts";
import type { ProgressView } from "./progress-event.ts";

export type ProgressKind = "auto" | "bar" | "plain" | "json" | "none";

/** Bars on a terminal, otherwise plain lines. Only the selected view is loaded. */
export async function openProgressView(kind: ProgressKind): Promise<ProgressView> {
  switch (kind === "auto" ? defaultKind() : kind) {
    case "bar": {
      if (!process.stderr.isTTY)
        throw new UsageError("--progress=bar requires a terminal; use plain");
      const { ProgressBars } = await import("./progress-bars.ts");
      return new ProgressBars(process.stderr);
    }
    case "plain": {
      const { PlainLines } = await import("./plain-lines.ts");
      return new PlainLines(process.stderr);
    }
    case "json": {
      const { JSONLines } = await import("./json-lines.ts");
      return new JSONLines(process.stdout);
    }
    case "none":
      return { show: () => {}, [Symbol.dispose]: () => {} };
  }
}

function defaultKind(): "bar" | "plain" {
  const isForPeople = process.stderr.isTTY && process.env["TERM"] !== "dumb";
  return isForPeople && process.env["CI"] === undefined ? "bar" : "plain";
}
