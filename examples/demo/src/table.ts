import { formatBytes } from "@drayage/core/copy";

/** One stop of the image. */
export interface Row {
  readonly to: string;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly digest: string;
}

export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ["where it went", "bytes", "time", "digest"],
    ...rows.map(({ to, bytes, milliseconds, digest }) => [
      to,
      formatBytes(bytes),
      `${Math.round(milliseconds)} ms`,
      `${digest.slice(0, 26)}…`,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `\n${lines.join("\n")}\n`;
}
