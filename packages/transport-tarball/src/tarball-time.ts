import { ImageError } from "@drayage/core";

import type { TarballSettings } from "./tarball-settings.ts";

/** Nanoseconds since 1970. */
export type Instant = bigint;

const second = 1_000_000_000n;

/**
 * The time for all parts of an image; undefined if each part has the time of its file.
 * @throws ImageError `unsupported` for an invalid SOURCE_DATE_EPOCH
 */
export function fixedTime({ created, system = {} }: TarballSettings): Instant | undefined {
  if (created !== undefined) return BigInt(created.getTime()) * 1_000_000n;
  const epoch = (system.environment ?? process.env)["SOURCE_DATE_EPOCH"];
  if (epoch === undefined || epoch === "") return undefined;
  if (/^\d{1,11}$/.test(epoch)) return BigInt(epoch) * second;
  throw new ImageError(
    "unsupported",
    `SOURCE_DATE_EPOCH is ${JSON.stringify(epoch)}; set it to seconds since 1970`,
  );
}

/** Formats an RFC 3339 time in UTC without trailing zeros, as Go does. */
export function formatInstant(instant: Instant): string {
  // The fraction is positive also before 1970.
  const fraction = ((instant % second) + second) % second;
  const whole = new Date(Number((instant - fraction) / 1_000_000n)).toISOString();
  const digits = String(fraction)
    .padStart(9, "0")
    .replace(/0{1,9}$/, "");
  return `${whole.slice(0, -".000Z".length)}${digits === "" ? "" : `.${digits}`}Z`;
}
