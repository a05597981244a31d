import { formatBytes } from "@drayage/core/copy";

import { median } from "./measured-run.ts";
import type { Run } from "./measured-run.ts";

/** Of each tool. */
export type Results = ReadonlyMap<
  string,
  { readonly requests: number; readonly runs: readonly Run[] }
>;

/** A table with the medians of each tool, the range of its times, and its ratio to the fastest one. */
export function formatResults(title: string, results: Results): string {
  const rows = [...results].map(([name, { requests, runs }]) => {
    const walls = runs.map(({ wall }) => wall);
    return {
      name,
      requests,
      wall: median(walls),
      spread: `${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}`,
      cpu: median(runs.map(({ cpu }) => cpu)),
      memory: median(runs.map(({ memory }) => memory)),
    };
  });
  const fastest = Math.min(...rows.map(({ wall }) => wall));
  const lines = rows.map(({ name, requests, wall, spread, cpu, memory }) =>
    [
      name.padEnd(8),
      `${wall.toFixed(2)} s`.padStart(9),
      spread.padStart(12),
      `${cpu.toFixed(2)} s`.padStart(9),
      formatBytes(memory).padStart(8),
      String(requests).padStart(8),
      rows.length > 1 ? `× ${(wall / fastest).toFixed(2)}`.padStart(7) : "",
    ].join("  "),
  );
  const head = [
    "".padEnd(8),
    "wall".padStart(9),
    "min–max".padStart(12),
    "cpu".padStart(9),
    "memory".padStart(8),
    "requests".padStart(8),
  ];
  return [title, head.join("  "), ...lines, ""].join("\n");
}
