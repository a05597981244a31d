import type { Fault, SeededFaults } from "@drayage/mock-servers";
import { distributionProgram } from "@drayage/test-servers";
import { randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";

/** One copy and its faults. Everything follows from the seed. */
export interface Run {
  readonly seed: number;
  readonly from: "memory" | "layout" | "registry";
  /** `beside`: another repository of the source registry. */
  readonly to: "memory" | "layout" | "directory" | "registry" | "beside";
  readonly registry: "strict" | "distribution";
  readonly authentication: "none" | "basic" | "token";
  readonly redirectsBlobs: boolean;
  readonly isTokenServerApart: boolean;
  readonly parallelBlobs: number;
  /** Whether a client with retries succeeds: no fault corrupts data. */
  readonly isSurvivable: boolean;
  readonly faults: SeededFaults;
}

const ways = [
  ["memory", "registry"],
  ["registry", "layout"],
  ["registry", "registry"],
  ["layout", "registry"],
  ["registry", "directory"],
  ["registry", "beside"],
  ["registry", "memory"],
] as const;

/** Faults that retries recover from. */
const passing: readonly Fault["kind"][] = [
  "cut",
  "reset",
  "error-response",
  "location",
  "lost-upload",
  "redirect",
  "expired-token",
];

const silent: readonly Fault["kind"][] = ["stall"];
const damaging: readonly Fault["kind"][] = ["truncation", "flip", "wrong-length"];

export function runOf(seed: number): Run {
  const [from, to] = one(ways, seed);
  const isSurvivable = seed % 4 !== 3;
  // Stalls take a while, so they are rare.
  const isSilent = seed % 5 === 2;
  const isReal = seed % 10 === 9 && distributionProgram !== undefined;
  return {
    seed,
    from,
    to,
    registry: isReal ? "distribution" : "strict",
    authentication: isReal ? "none" : one(["token", "none", "token", "basic"], seed >> 1),
    redirectsBlobs: seed % 5 === 1,
    isTokenServerApart: seed % 3 === 0,
    parallelBlobs: one([6, 1, 3], seed),
    isSurvivable,
    faults: {
      seed,
      rate: isSilent ? 0.15 : one([0.15, 0.3, 0.5], seed),
      kinds: [...passing, ...(isSurvivable ? [] : damaging), ...(isSilent ? silent : [])],
    },
  };
}

/**
 * Small images of all kinds. A layer that is compressed during the copy has another digest and cannot be read twice.
 */
export async function imageOf({ seed }: Run): Promise<WholeImage> {
  const layerSize = one([3000, 200_000, 40_000], seed);
  const layers = one([3, 1, 2, 5], seed);
  switch (seed % 6) {
    case 0:
      return randomIndex(seed, { layerSize, layers: 2, nested: seed % 12 === 0 });
    case 1:
      return randomImage(seed, { layerSize, layers, compression: "none" });
    case 2:
      return randomImage(seed, { layerSize, layers, format: "docker" });
    default:
      return randomImage(seed, { layerSize, layers });
  }
}

function one<Value>(values: readonly [Value, ...Value[]], seed: number): Value;
function one<Value>(values: readonly Value[], seed: number): Value;
function one<Value>(values: readonly Value[], seed: number): Value {
  return values[seed % values.length] as Value;
}
