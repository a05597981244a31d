import { ImageError } from "@drayage/core";

import type { TarballSettings } from "./tarball-settings.ts";

/** Nanoseconds since 1970. */
export type Instant = bigint;

const nanosecondsInSecond = 1_000_000_000n;

/**
 * The time that is given for all of an image; undefined where each file tells its own.
 * @throws ImageError `unsupported` for a SOURCE_DATE_EPOCH that is no number of seconds
 */
export function givenTime({ created, system = {} }: TarballSettings): Instant | undefined {
  if (created !== undefined) return BigInt(created.getTime()) * 1_000_000n;
  const epoch = (system.environment ?? process.env)["SOURCE_DATE_EPOCH"];
  if (epoch === undefined || epoch === "") return undefined;
  if (/^\d{1,11}$/.test(epoch)) return BigInt(epoch) * nanosecondsInSecond;
  throw new ImageError(
    "unsupported",
    `SOURCE_DATE_EPOCH is ${JSON.stringify(epoch)}; it has to be seconds since 1970`,
  );
}

/** RFC 3339 in UTC, with as many digits as are needed: what Go writes. */
export function formatInstant(instant: Instant): string {
  const milliseconds = Number(instant / 1_000_000n);
  const fraction = String(instant % nanosecondsInSecond)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const whole = new Date(milliseconds).toISOString().slice(0, -".000Z".length);
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}
