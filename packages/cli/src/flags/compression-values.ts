import type { CompressionVariant } from "@drayage/core/copy";
import { InvalidArgumentError } from "commander";

import { parseBound } from "./flag-values.ts";

/** @throws InvalidArgumentError */
export function parseCompression(text: string): string {
  if ([...formats, "none"].includes(text)) return text;
  throw new InvalidArgumentError(`Layers are compressed with ${formats.join(", ")}, or none.`);
}

const formats = ["gzip", "zstd", "zstd:chunked"];

/** @throws InvalidArgumentError */
export function parseFrames(text: string): "one" | "parallel" {
  if (text === "one" || text === "parallel") return text;
  throw new InvalidArgumentError("Write one or parallel.");
}

/** Parses `zstd`, `zstd:19`, or several separated by commas, and adds them to the values so far. @throws InvalidArgumentError */
export function parseVariants(
  text: string,
  before: readonly CompressionVariant[] = [],
): readonly CompressionVariant[] {
  return [...before, ...text.split(",").map(parseVariant)];
}

function parseVariant(text: string): CompressionVariant {
  const [, format = text, level] = /^(.+):(\d+)$/.exec(text) ?? [];
  if (!formats.includes(format))
    throw new InvalidArgumentError("Write a format and possibly a level, such as zstd or zstd:19.");
  return level === undefined ? { format } : { format, level: parseBound(level) };
}
