import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyEvents, imageName, openImage, Transports } from "@drayage/core";
import type { CopyResult, ImageReference } from "@drayage/core";
import { formatBytes } from "@drayage/core/copy";
import { startRegistry } from "@drayage/registry";
import { imageFromFiles, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";

import { formatTable } from "./table.ts";
import type { Row } from "./table.ts";

const root = path.resolve(import.meta.dirname, "../../..");
/** The largest file of the image. */
const program = process.argv[2] ?? process.execPath;

/** Builds an image of real files and copies it: registry → OCI layout → dir → another repository. */
async function demo(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "drayage-demo-"));
  await using registry = await startRegistry();
  try {
    const transports = new Transports([docker(), ociLayout(), directory()]);
    const stops = [
      `docker://${registry.host}/demo/app:1.0`,
      `oci:${path.join(folder, "layout")}:app`,
      `dir:${path.join(folder, "dir")}`,
      `docker://${registry.host}/mirror/app:1.0`,
    ].map((stop) => transports.parse(stop));
    const first = stops[0];
    if (first === undefined) return;
    console.log("\nAn image of Node.js and this project's sources, from stop to stop:\n");
    const rows = [await made(first)];
    for (const [at, to] of stops.slice(1).entries()) rows.push(await moved(stops[at] ?? first, to));
    console.log(formatTable(rows));
    const digests = new Set(rows.map(({ digest }) => digest));
    if (digests.size !== 1) throw new Error("The digests differ");
    console.log("All digests are equal: it is the same image everywhere.\n");
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function made(reference: ImageReference): Promise<Row> {
  const start = performance.now();
  const image = await imageFromFiles([
    [{ path: "usr/bin/node", from: program }],
    ...["core", "testkit", "transport-docker"].map((name) => [
      { path: `app/${name}`, from: path.join(root, "packages", name, "src") },
    ]),
  ]);
  await writeImage(image, reference);
  await using stored = await openImage(reference);
  const milliseconds = performance.now() - start;
  return {
    to: imageName(reference),
    bytes: stored.size ?? 0,
    milliseconds,
    digest: stored.manifest.digest,
  };
}

async function moved(from: ImageReference, to: ImageReference): Promise<Row> {
  const start = performance.now();
  const { digest, blobs } = await withProgress(from, to);
  const milliseconds = performance.now() - start;
  const bytes = blobs.copiedBytes + blobs.reusedBytes;
  return { to: imageName(to), bytes, milliseconds, digest };
}

/** Copies an image and shows the progress on one line. */
async function withProgress(from: ImageReference, to: ImageReference): Promise<CopyResult> {
  let [done, total] = [0, 0];
  for await (const event of copyEvents(from, to)) {
    if (event.kind === "planned") total = event.plan.cost.blobBytes;
    if (event.kind === "blob-progress" && process.stderr.isTTY) {
      done += event.bytes;
      process.stderr.write(`\r${progressLine(done, total, to)}`);
    }
    if (event.kind === "done") {
      const start = process.stderr.isTTY ? "\r" : "";
      process.stderr.write(`${start}${progressLine(total, total, to)}\n`);
      return event.result;
    }
  }
  throw new Error("The copy ended without a result");
}

function progressLine(done: number, total: number, to: ImageReference): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  return `${String(percent).padStart(3)}% of ${formatBytes(total)} to ${imageName(to)}`;
}

await demo();
