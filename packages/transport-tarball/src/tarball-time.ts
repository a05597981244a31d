import { ImageError } from "@drayage/core";

import type { TarballSettings } from "./tarball-settings.ts";

/** Nanoseconds since 1970. */
export type Instant = bigint;

const second = 1_000_000_000n;

/**
 * The time that is given for all of an image; undefined where each file tells its own.
 * @throws ImageError `unsupported` for a SOURCE_DATE_EPOCH that is no number of seconds
 */
export function givenTime({ created, system = {} }: TarballSettings): Instant | undefined {
  if (created !== undefined) return BigInt(created.getTime()) * 1_000_000n;
  const epoch = (system.environment ?? process.env)["SOURCE_DATE_EPOCH"];
  if (epoch === undefined || epoch === "") return undefined;
  if (/^\d{1,11}$/.test(epoch)) return BigInt(epoch) * second;
  throw new ImageError(
    "unsupported",
    `SOURCE_DATE_EPOCH is ${JSON.stringify(epoch)}; it has to be seconds since 1970`,
  );
}

/** RFC 3339 in UTC, with as many digits as are needed: what Go writes. */
export function formatInstant(instant: Instant): string {
  // Also before 1970 a fraction counts from the second before.
  const fraction = ((instant % second) + second) % second;
  const whole = new Date(Number((instant - fraction) / 1_000_000n)).toISOString();
  const digits = String(fraction)
    .padStart(9, "0")
    .replace(/0{1,9}$/, "");
  return `${whole.slice(0, -".000Z".length)}${digits === "" ? "" : `.${digits}`}Z`;
}
