import type { CopyPlan } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { estimateCost, formatCost } from "../src/estimate-cost.ts";
import { preparePlan } from "../src/prepare-plan.ts";
import { parsePrices } from "../src/price-table.ts";

const image = await randomImage("cost", { layers: 2 });
const { plan } = await preparePlan(await inMemory(image), memory().parseReference("to"));
const sizes = [...image.blobs.values(), image.manifest.bytes].map(({ byteLength }) => byteLength);
const bytes = sizes.reduce((sum, size) => sum + size, 0);

/** The plan with these requests for each blob and manifest: 3 blobs and 1 manifest. */
function withRequests(
  source: CopyPlan["conditions"]["offers"]["requests"],
  destination: CopyPlan["conditions"]["offers"]["requests"],
): CopyPlan {
  const { conditions } = plan;
  const offers = { ...conditions.offers, requests: source };
  const accepts = { ...conditions.accepts, requests: destination };
  return { ...plan, conditions: { ...conditions, offers, accepts } };
}

describe("an estimate", () => {
  test("sums requests and bytes of both sides", () => {
    const planned = withRequests({ perBlob: 1, perManifest: 2 }, { perBlob: 3, perManifest: 10 });
    const estimate = estimateCost(planned, {
      currency: "EUR",
      source: { readsPer1000: 1, writesPer1000: 100, egressPerGB: 2, ingressPerGB: 100 },
      destination: {
        readsPer1000: 100,
        writesPer1000: 10,
        ingressPerGB: 3,
        egressPerGB: 100,
        storagePerGBMonth: 5,
      },
    });
    expect(estimate.items).toEqual([
      { what: "reads at the source", quantity: 5, amount: 0.005 },
      { what: "writes at the destination", quantity: 19, amount: 0.19 },
      { what: "egress of the source", quantity: bytes, amount: (bytes / 1e9) * 2 },
      { what: "ingress of the destination", quantity: bytes, amount: (bytes / 1e9) * 3 },
    ]);
    expect(estimate.total).toBeCloseTo(0.195 + (bytes / 1e9) * 5, 12);
    expect(estimate.perMonth).toBeCloseTo((bytes / 1e9) * 5, 12);
    expect(estimate.currency).toBe("EUR");
  });

  test("of a plan without steps, or without prices, is 0", () => {
    const prices = {
      currency: "USD",
      source: { egressPerGB: 9 },
      destination: { storagePerGBMonth: 9 },
    };
    expect(estimateCost({ ...plan, steps: [] }, prices)).toEqual({
      currency: "USD",
      items: [],
      total: 0,
      perMonth: 0,
    });
    expect(estimateCost(plan, { currency: "USD" })).toMatchObject({ items: [], total: 0 });
  });

  test("is formatted with small amounts in full", () => {
    const planned = withRequests({ perBlob: 1, perManifest: 0 }, undefined);
    const prices = { currency: "USD", source: { readsPer1000: 0.0004 }, destination: {} };
    expect(formatCost(estimateCost(planned, prices))).toBe(
      "  estimated cost: at most 0.000001 USD, and 0.000000 USD for each month of storage\n    0.000001 USD: 3 reads at the source\n",
    );
    const dear = { currency: "USD", source: { readsPer1000: 4000 } };
    expect(formatCost(estimateCost(planned, dear))).toContain("at most 12.00 USD");
  });
});

describe("a price table", () => {
  test("is read from JSON", () => {
    const table = {
      currency: "USD",
      source: { readsPer1000: 0.0004 },
      destination: { storagePerGBMonth: 0.023 },
    };
    expect(parsePrices(JSON.stringify(table))).toEqual(table);
    expect(parsePrices(Buffer.from('{"currency":"USD"}'))).toEqual({ currency: "USD" });
  });

  test.each([
    ["", /^Invalid price table/],
    ["[]", /it is not a JSON object/],
    ["{}", /currency/],
    ['{"currency":"dollar"}', /currency: Expected three letters/],
    ['{"currency":"USD","egress":1}', /egress/],
    ['{"currency":"USD","source":{"egressPerGB":-1}}', /source\.egressPerGB/],
    ['{"currency":"USD","source":{"egressPerGB":"1"}}', /source\.egressPerGB/],
    ['{"currency":"USD","source":{"egress":1}}', /source/],
    ['{"currency":"USD","source":null}', /source/],
    ['{"currency":"USD","currency":"EUR"}', /Invalid price table/],
  ])("is not %j", (json, message) => {
    expect(() => parsePrices(json)).toThrow(message);
    expect(() => parsePrices(json)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });
});
