import { digestOf } from "@drayage/core";
import type { CopyPlan, Descriptor } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { preparePlan } from "../src/prepare-plan.ts";
import { formatTransfers, transfersOf } from "../src/transfers.ts";

const { plan } = await preparePlan(
  await inMemory(await randomImage("transfers")),
  memory().parseReference("to"),
);

const blob = (name: string): Descriptor => ({
  digest: digestOf(Buffer.from(name)),
  size: 1000,
  mediaType: "a/b",
});
const { digest } = blob("");
const base = {
  kind: "blob",
  isConfig: false,
  transform: { kind: "preserve" },
  digest,
  candidates: [],
  reason: "the layers are to be compressed",
} as const;
const candidate = { blob: blob("form"), compression: undefined };
const location = { transport: "shelf", scope: "a", path: "/b" };

test("each reason has the number and the bytes of its blobs", () => {
  const steps: CopyPlan["steps"] = [
    { ...base, blob: blob("1"), candidates: [candidate] },
    { ...base, blob: blob("2"), candidates: [candidate] },
    { ...base, blob: blob("3"), candidates: [{ ...candidate, location }] },
    { ...base, blob: blob("4"), digest: undefined },
    { ...base, blob: blob("5"), digest: undefined, candidates: [candidate] },
    { ...base, blob: blob("6"), needsDiffID: true, candidates: [candidate] },
    { kind: "commit", reason: "" },
  ];
  const transfers = transfersOf({ ...plan, steps, reused: [blob("7"), blob("8")] });
  expect(transfers.map(({ isSent, blobs, bytes }) => [isSent, blobs, bytes])).toEqual([
    ["no", 2, 2000],
    ["unless-present", 2, 2000],
    ["unless-present", 1, 1000],
    ["yes", 1, 1000],
    ["unless-present", 1, 1000],
    ["yes", 1, 1000],
  ]);
  expect(formatTransfers(transfers).split("\n")).toEqual([
    "  not sent: 2 blobs, 2.0 kB: the destination has their manifest",
    "  sent unless present: 2 blobs, 2.0 kB: the destination is asked for each of them",
    "  sent unless present: 1 blob, 1.0 kB: an earlier copy found them at a location that the destination can copy from",
    "  sent: 1 blob, 1.0 kB: the bytes change, because the layers are to be compressed",
    "  sent unless present: 1 blob, 1.0 kB: an earlier copy made the form that is needed",
    "  sent: 1 blob, 1.0 kB: the digest of the uncompressed layer is needed",
    "",
  ]);
});

test("a store copies blobs itself, unless their bytes change", () => {
  const steps: CopyPlan["steps"] = [
    { ...base, blob: blob("1"), candidates: [candidate] },
    { ...base, blob: blob("2"), digest: undefined },
  ];
  const conditions = { ...plan.conditions, isSameStore: true };
  expect(transfersOf({ ...plan, steps, conditions }).map(({ isSent }) => isSent)).toEqual([
    "no",
    "yes",
  ]);
});

test("nothing is sent without steps", () => {
  expect(formatTransfers(transfersOf({ ...plan, steps: [] }))).toBe("");
});
