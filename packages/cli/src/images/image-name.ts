import { ImageError, Transports } from "@drayage/core";
import type { ImageReference } from "@drayage/core";

import type { SideFlag } from "../flags/side-flag-table.ts";
import { writtenFlag } from "../flags/side-flags.ts";
import type { Side } from "../flags/side-flags.ts";
import { UsageError } from "../flags/usage-error.ts";
import { knownTransports } from "./known-transports.ts";
import type { KnownTransport } from "./known-transports.ts";
import { unsupportedTransports } from "./unsupported-transports.ts";

/**
 * Parses `transport:reference` and configures the transport from the flags. @throws ImageError `unknown-transport`,
 * `invalid-reference` @throws UsageError if a flag does not apply to the transport
 */
export async function parseImageName(name: string, side: Side): Promise<ImageReference> {
  const word = name.slice(0, Math.max(name.indexOf(":"), 0));
  if (Object.hasOwn(unsupportedTransports, word)) {
    throw new ImageError(
      "unknown-transport",
      `Invalid image name ${JSON.stringify(name)}: the transport ${word} is not supported; ${unsupportedTransports[word]}`,
    );
  }
  const known = Object.hasOwn(knownTransports, word) ? knownTransports[word] : undefined;
  if (known !== undefined) refuseUselessFlags(word, known, side);
  const needed = known === undefined ? Object.values(knownTransports) : [known];
  const transports = await Promise.all(needed.map(async (one) => one.load(side)));
  return new Transports(transports).parse(name);
}

/** Parses several names. A flag need only apply to one of them. */
export async function parseImageNames(
  names: readonly string[],
  side: Side,
): Promise<readonly ImageReference[]> {
  const taken = names.map((name) => flagsTakenBy(name));
  const isTaken = (flag: string): boolean =>
    taken.some((flags) => flags?.includes(flag as SideFlag) ?? true);
  const useless = Object.fromEntries(Object.entries(side.flags).filter(([flag]) => !isTaken(flag)));
  return Promise.all(
    names.map(async (name, index) => {
      const ofName = Object.entries(side.flags).filter(
        ([flag]) => taken[index]?.includes(flag as SideFlag) ?? true,
      );
      return parseImageName(name, {
        ...side,
        flags: { ...Object.fromEntries(ofName), ...useless },
      });
    }),
  );
}

/** Undefined for a name without a known transport, which takes all flags. */
function flagsTakenBy(name: string): readonly SideFlag[] | undefined {
  const word = name.slice(0, Math.max(name.indexOf(":"), 0));
  return Object.hasOwn(knownTransports, word) ? knownTransports[word]?.takes : undefined;
}

function refuseUselessFlags(word: string, { takes }: KnownTransport, side: Side): void {
  const useless = Object.keys(side.flags).find((flag) => !takes.includes(flag as SideFlag));
  if (useless === undefined) return;
  const takers = Object.entries(knownTransports).filter(([, one]) =>
    one.takes.includes(useless as SideFlag),
  );
  throw new UsageError(
    `${writtenFlag(side.prefix, useless as SideFlag)} does not apply to ${word}: images; it applies to ` +
      takers.map(([taker]) => `${taker}:`).join(" and "),
  );
}
