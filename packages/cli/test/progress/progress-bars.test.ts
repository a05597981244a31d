import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";

import { copyImage, ImageError } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { verifyImage } from "@drayage/core/verify";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { ProgressBars } from "../../src/progress/progress-bars.ts";

/** A terminal that records its output. */
class RecordingTerminal extends Writable {
  readonly isTTY = true;
  readonly columns = 80;
  written = "";

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.written += String(chunk);
    done();
  }
}

test("bars show the total and each blob, and are erased at the end", async () => {
  const terminal = new RecordingTerminal();
  const image = await randomImage("bars");
  {
    using view = new ProgressBars(terminal as RecordingTerminal & NodeJS.WriteStream);
    const to = memory().parseReference("copy");
    await copyImage(await inMemory(image), to, { onEvent: view.show });
  }
  expect(terminal.written).toMatch(/100 %, .+ kB of .+ kB, \d of 4 blobs/);
  const names = image.layers.map(({ digest }) => digest.slice("sha256:".length).slice(0, 12));
  expect(names.some((name) => terminal.written.includes(name))).toBe(true);
  const [showsCursor, clearsBelow] = ["\u001B[?25h", "\u001B[0J"];
  expect(terminal.written.lastIndexOf(showsCursor)).toBeGreaterThan(0);
  expect(terminal.written.endsWith(clearsBelow)).toBe(true);
});

test("bars show a verification", async () => {
  const terminal = new RecordingTerminal();
  const reference = await inMemory(await randomImage("verification bars"));
  {
    using view = new ProgressBars(terminal as RecordingTerminal & NodeJS.WriteStream);
    await verifyImage(reference, { onEvent: view.show });
  }
  expect(terminal.written).toMatch(/100 %, .+ kB of .+ kB, \d of 4 blobs/);
  expect(terminal.written.endsWith("\u001B[0J")).toBe(true);
});

test("retries and notices stay above the bars", async () => {
  const terminal = new RecordingTerminal();
  {
    using view = new ProgressBars(terminal as RecordingTerminal & NodeJS.WriteStream);
    const notice = { kind: "warning", host: "a.example", text: "it moves\u001b" } as const;
    const error = new ImageError("unavailable", "cut off");
    view.show({ kind: "notice", notice });
    const to = memory().parseReference("copy");
    await copyImage(await inMemory(await randomImage("above")), to, { onEvent: view.show });
    view.show({ kind: "retry", operation: "read", attempt: 1, delay: 500, error });
  }
  const lines = stripVTControlCharacters(terminal.written).split("\n");
  expect(lines[0]).toMatch(/warning from a\.example: it moves\\x1b$/);
  expect(lines.some((line) => line.endsWith("retrying in 0.5 s: cut off"))).toBe(true);
});

test("a copy without blobs prints nothing", () => {
  const terminal = new RecordingTerminal();
  new ProgressBars(terminal as RecordingTerminal & NodeJS.WriteStream)[Symbol.dispose]();
  expect(stripVTControlCharacters(terminal.written)).toBe("");
});
