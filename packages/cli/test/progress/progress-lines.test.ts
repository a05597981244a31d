import { ImageError, digestOf } from "@drayage/core";
import type { CopyEvent, CopyPlan, Descriptor, Notice } from "@drayage/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { JSONLines } from "../../src/progress/json-lines.ts";
import { PlainLines } from "../../src/progress/plain-lines.ts";
import { formatTally, ProgressTally } from "../../src/progress/progress-tally.ts";

const [first, second] = [blob("first", 3_000_000), blob("second", 1_000_000)];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function blob(content: string, size: number): Descriptor {
  const mediaType = "application/vnd.oci.image.layer.v1.tar";
  return { digest: digestOf(Buffer.from(content)), size, mediaType };
}

function planned(...blobs: readonly Descriptor[]): CopyEvent {
  const blobSteps = blobs.map(
    (one) =>
      ({
        kind: "blob",
        blob: one,
        isConfig: false,
        transform: { kind: "preserve" },
        digest: one.digest,
        candidates: [],
        reason: "the image needs it",
      }) as const,
  );
  const top = { bytes: Buffer.from("{}"), digest: digestOf(Buffer.from("{}")) };
  const blobBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  const conditions: CopyPlan["conditions"] = {
    currentDigest: undefined,
    offers: { parallelBlobs: 1, ranges: false },
    accepts: {
      manifestMIMETypes: undefined,
      layers: "preserve",
      foreignLayerURLs: false,
      signatures: true,
      parallelBlobs: 1,
    },
    isSameStore: false,
  };
  const plan: CopyPlan = {
    source: "dir:/a",
    destination: "dir:/b",
    sourceDigest: top.digest,
    digest: top.digest,
    steps: [...blobSteps, { kind: "commit", reason: "every blob exists" }],
    reused: [],
    top,
    cost: { blobBytes, requests: 0 },
    conditions,
  };
  return { kind: "planned", plan };
}

function started(one: Descriptor): CopyEvent {
  return { kind: "blob-started", blob: one, isConfig: false };
}

function read({ digest }: Descriptor, bytes: number): CopyEvent {
  return { kind: "blob-progress", digest, bytes };
}

function done(one: Descriptor, outcome: "copied" | "reused" = "copied"): CopyEvent {
  return { kind: "blob-done", digest: one.digest, outcome, stored: one };
}

function again(): CopyEvent {
  const error = new ImageError("unavailable", "cut off");
  return { kind: "retry", operation: "read", attempt: 1, delay: 250, error };
}

function restarted({ digest }: Descriptor): CopyEvent {
  return { kind: "blob-restarted", digest };
}

function noticed(notice: Notice): CopyEvent {
  return { kind: "notice", notice };
}

function lines(): { readonly written: string[]; write(text: string): boolean } {
  const written: string[] = [];
  return { written, write: (text) => written.push(text) > 0 };
}

describe("the tally of a copy", () => {
  function tallied(...events: readonly CopyEvent[]): string {
    const tally = new ProgressTally();
    for (const event of events) tally.count(event);
    return formatTally(tally);
  }

  test("counts the bytes of active blobs", () => {
    const events = [planned(first, second), started(first), read(first, 1_000_000)];
    expect(tallied(...events)).toBe("25 %, 1.0 MB of 4.0 MB, 0 of 2 blobs");
  });

  test("counts a reused blob as done", () => {
    const events = [planned(first, second), started(first), done(first, "reused")];
    expect(tallied(...events)).toBe("75 %, 3.0 MB of 4.0 MB, 1 of 2 blobs");
  });

  test("resets a restarted blob", () => {
    const events = [planned(second), started(second), read(second, 900_000), restarted(second)];
    expect(tallied(...events)).toBe("0 %, 0 B of 1.0 MB, 0 of 1 blobs");
  });

  test("counts verified blobs, whether read or not, and corrupt ones", () => {
    const size = first.size + second.size;
    const tally = new ProgressTally();
    tally.count({ kind: "inspected", source: "dir:/a", blobs: 2, bytes: size });
    tally.count({ kind: "blob-checked", blob: second, outcome: "stored" });
    tally.count(started(first));
    tally.count(read(first, 1_000_000));
    expect(formatTally(tally)).toBe("50 %, 2.0 MB of 4.0 MB, 1 of 2 blobs");
    tally.count({ kind: "blob-checked", blob: first, outcome: "problem" });
    expect(formatTally(tally)).toBe("100 %, 4.0 MB of 4.0 MB, 2 of 2 blobs");
  });

  test("is complete if there is nothing to copy", () => {
    expect(tallied(planned())).toBe("100 %, 0 B of 0 B, 0 of 0 blobs");
  });
});

describe("plain lines", () => {
  test("are written at the start and every five seconds, even without progress", () => {
    const log = lines();
    using view = new PlainLines(log);
    for (const event of [planned(first, second), started(first), read(first, 1_000_000)]) {
      view.show(event);
    }
    vi.advanceTimersByTime(15_000);
    view.show(done(first));
    vi.advanceTimersByTime(4999);
    expect(log.written).toEqual([
      "Copying dir:/a to dir:/b: 2 blobs, 4.0 MB\n",
      "25 %, 1.0 MB of 4.0 MB, 0 of 2 blobs, 200 kB/s\n",
      "25 %, 1.0 MB of 4.0 MB, 0 of 2 blobs, no progress for 5 s\n",
      "25 %, 1.0 MB of 4.0 MB, 0 of 2 blobs, no progress for 10 s\n",
    ]);
  });

  test("report the reason for a retry", () => {
    const log = lines();
    using view = new PlainLines(log);
    for (const event of [planned(first), started(first), again()]) view.show(event);
    expect(log.written.at(-1)).toMatch(/^retrying in \d+\.\d s: cut off\n$/);
  });

  test("report which blob is restarted", () => {
    const log = lines();
    using view = new PlainLines(log);
    for (const event of [planned(first), started(first), restarted(first)]) view.show(event);
    expect(log.written.at(-1)).toBe(`restarted: ${first.digest.slice(7, 19)}\n`);
  });

  test("report each notice once", () => {
    const log = lines();
    using view = new PlainLines(log);
    const warning = noticed({ kind: "warning", host: "a.example", text: "moved\u001b[31m" });
    for (const event of [warning, warning]) view.show(event);
    expect(log.written).toEqual(["warning from a.example: moved\\x1b[31m\n"]);
  });

  test("report a rate limit when it is nearly exhausted", () => {
    const log = lines();
    using view = new PlainLines(log);
    for (const remaining of [90, 50, 10, 9]) {
      const limit = { limit: 100, remaining, window: 21_600, source: undefined };
      view.show(noticed({ kind: "rate-limit", host: "a.example", ...limit }));
    }
    expect(log.written).toEqual(["a.example allows 100 requests in 6 h, 10 remaining\n"]);
  });

  test("are not written if there is nothing to copy", () => {
    const log = lines();
    using view = new PlainLines(log);
    view.show(planned());
    vi.advanceTimersByTime(60_000);
    expect(log.written).toEqual([]);
  });

  test("report a verification", () => {
    const log = lines();
    using view = new PlainLines(log);
    view.show({ kind: "inspected", source: "dir:/a", blobs: 1, bytes: first.size });
    expect(log.written).toEqual(["Verifying dir:/a: 1 blobs, 3.0 MB\n"]);
  });

  test("end with the copy", () => {
    new PlainLines(lines()).show(planned());
    const view = new PlainLines(lines());
    view.show(planned(first));
    view[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("JSON lines", () => {
  function shown(...events: readonly CopyEvent[]): readonly Record<string, unknown>[] {
    const log = lines();
    using view = new JSONLines(log);
    for (const event of events) view.show(event);
    return log.written.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  test("are the events in order, without bytes", () => {
    const events = [planned(first), started(first), again(), done(first)];
    const [plan, ...rest] = shown(...events);
    expect(plan).toMatchObject({
      kind: "planned",
      plan: { source: "dir:/a", cost: { requests: 0 } },
    });
    expect(JSON.stringify(plan)).not.toContain("bytes");
    expect(rest).toEqual([
      { kind: "blob-started", blob: first, isConfig: false },
      {
        kind: "retry",
        operation: "read",
        attempt: 1,
        delay: 250,
        error: { code: "unavailable", message: "cut off" },
      },
      { kind: "blob-done", digest: first.digest, outcome: "copied", stored: first },
    ]);
  });

  test("combine progress events without losing bytes", () => {
    const reads = Array.from({ length: 1000 }, () => read(first, 3000));
    const events = shown(planned(first), started(first), ...reads, done(first));
    const progress = events.filter(({ kind }) => kind === "blob-progress");
    expect(progress.length).toBeLessThan(5);
    expect(progress.reduce((sum, { bytes }) => sum + Number(bytes), 0)).toBe(3_000_000);
    expect(events.at(-1)).toMatchObject({ kind: "blob-done" });
  });

  test("are limited to a few per second", () => {
    const log = lines();
    using view = new JSONLines(log);
    view.show(planned(first));
    view.show(read(first, 1));
    vi.advanceTimersByTime(250);
    view.show(read(first, 2));
    const last = JSON.parse(log.written.at(-1) ?? "") as unknown;
    expect(last).toEqual({ kind: "blob-progress", digest: first.digest, bytes: 3 });
  });
});
