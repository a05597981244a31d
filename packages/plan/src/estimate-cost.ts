import type { CopyPlan } from "@drayage/core";

import type { PriceTable } from "./price-table.ts";

/** The estimated cost of a copy. It is a maximum, because blobs that can be reused are not sent. */
export interface CostEstimate {
  readonly currency: string;
  /** What the copy costs, without the items that cost nothing. */
  readonly items: readonly CostItem[];
  /** The sum of the items. */
  readonly total: number;
  /** What the copied bytes then cost each month at the destination. */
  readonly perMonth: number;
}

/** A part of the cost. */
export interface CostItem {
  readonly what:
    | "reads at the source"
    | "writes at the destination"
    | "egress of the source"
    | "ingress of the destination";
  /** Requests or bytes. */
  readonly quantity: number;
  readonly amount: number;
}

/**
 * Estimates what a plan costs with these prices. All requests to the source count as reads, and all to the destination as
 * writes. Layers count with their size at the source, and also if their compression changes.
 */
export function estimateCost(plan: CopyPlan, prices: PriceTable): CostEstimate {
  const { source = {}, destination = {}, currency } = prices;
  const { reads, writes, bytes } = quantitiesOf(plan);
  const items = [
    item("reads at the source", reads, source.readsPer1000, 1000),
    item("writes at the destination", writes, destination.writesPer1000, 1000),
    item("egress of the source", bytes, source.egressPerGB, 1e9),
    item("ingress of the destination", bytes, destination.ingressPerGB, 1e9),
  ].filter(({ amount }) => amount > 0);
  return {
    currency,
    items,
    total: items.reduce((sum, { amount }) => sum + amount, 0),
    perMonth: (bytes / 1e9) * (destination.storagePerGBMonth ?? 0),
  };
}

/** Formats an estimate for people, one line for each item. */
export function formatCost({ currency, items, total, perMonth }: CostEstimate): string {
  const money = (amount: number): string => `${amount.toFixed(amount < 1 ? 6 : 2)} ${currency}`;
  const lines = items.map(
    ({ what, quantity, amount }) => `  ${money(amount)}: ${quantity} ${what}`,
  );
  const sum = `at most ${money(total)}, and ${money(perMonth)} for each month of storage`;
  return [`  estimated cost: ${sum}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

/** An index and its instances are read once; each blob and manifest is written once. */
function quantitiesOf({ steps, conditions: { offers, accepts } }: CopyPlan): {
  readonly reads: number;
  readonly writes: number;
  readonly bytes: number;
} {
  const blobs = steps.filter((step) => step.kind === "blob");
  const manifests = steps.filter((step) => step.kind === "manifest");
  const [read, write] = [offers, accepts].map(
    ({ requests = { perBlob: 0, perManifest: 0 } }) =>
      blobs.length * requests.perBlob + manifests.length * requests.perManifest,
  );
  const sizes = [
    ...blobs.map(({ blob }) => blob.size),
    ...manifests.map(({ raw }) => raw.bytes.byteLength),
  ];
  return {
    reads: read ?? 0,
    writes: write ?? 0,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

function item(what: CostItem["what"], quantity: number, price = 0, unit = 1): CostItem {
  return { what, quantity, amount: (quantity / unit) * price };
}
