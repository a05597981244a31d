import { parsePlatform } from "@drayage/core";
import type { tarball } from "@drayage/transport-tarball";

import { writtenFlag } from "../flags/side-flags.ts";
import type { Side } from "../flags/side-flags.ts";
import { UsageError } from "../flags/usage-error.ts";

type TarballSettings = NonNullable<Parameters<typeof tarball>[0]>;

/** Converts the flags for an image from tar files. @throws UsageError */
export function tarballSettings({ prefix, flags, platform: meant }: Side): TarballSettings {
  const { platform, created, entrypoint, cmd, env, label } = flags;
  const nameOf = (flag: "created" | "entrypoint" | "cmd" | "env" | "label"): string =>
    writtenFlag(prefix, flag);
  return {
    platform: platform === undefined ? meant : parsePlatform(platform),
    ...(created !== undefined && { created: parseTime(nameOf("created"), created) }),
    ...(entrypoint !== undefined && { entrypoint: parseWords(nameOf("entrypoint"), entrypoint) }),
    ...(cmd !== undefined && { command: parseWords(nameOf("cmd"), cmd) }),
    ...(env !== undefined && { environment: env.map((one) => assignment(nameOf("env"), one)) }),
    ...(label !== undefined && { labels: labelsOf(nameOf("label"), label) }),
  };
}

/** RFC 3339, or a date alone. */
function parseTime(flag: string, text: string): Date {
  const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/.test(text);
  const time = new Date(isTime ? text : NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new UsageError(`${flag} must be a time such as 2026-11-23T12:00:00Z, not ${quoted(text)}`);
}

/** A JSON array as in Dockerfiles, or a single word. Text with spaces is rejected, because it may need a shell. */
function parseWords(flag: string, text: string): readonly string[] {
  if (!/^\s*\[|\s/.test(text)) return text === "" ? [] : [text];
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  } catch {
    // The error below covers invalid JSON too.
  }
  const example = `'["/bin/sh", "-c", "ls"]'`;
  throw new UsageError(
    `${flag} must be one word or an array such as ${example}, not ${quoted(text)}`,
  );
}

function labelsOf(flag: string, labels: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    labels.map((label) => {
      const text = assignment(flag, label.includes("=") ? label : `${label}=`);
      const end = text.indexOf("=");
      return [text.slice(0, end), text.slice(end + 1)];
    }),
  );
}

function assignment(flag: string, text: string): string {
  if (text.indexOf("=") > 0) return text;
  throw new UsageError(`${flag} must be NAME=VALUE, not ${quoted(text)}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
