import type { Descriptor } from "@drayage/core";
import { formatBytes } from "@drayage/core/copy";

import { progressKey } from "./progress-event.ts";
import type { ProgressEvent } from "./progress-event.ts";

/** A blob that is being transferred or read. */
export interface BlobInFlight {
  readonly blob: Descriptor;
  /** Bytes read so far. */
  read: number;
}

/** The progress of one or several copies, or of a verification, computed from the events. */
export class ProgressTally {
  readonly inFlight: Map<string, BlobInFlight> = new Map();
  /** `Copying a to b`. */
  title = "";
  blobs = 0;
  bytes = 0;
  blobsDone = 0;
  /** Includes all bytes of blobs that need no transfer. */
  #bytesDone = 0;
  /** Bytes transferred or read, including repeated ones. */
  moved = 0;

  get bytesDone(): number {
    return [...this.inFlight.values()].reduce((sum, { read }) => sum + read, this.#bytesDone);
  }

  /** 0 to 1. */
  get part(): number {
    return this.bytes === 0 ? 1 : Math.min(this.bytesDone / this.bytes, 1);
  }

  count(event: ProgressEvent): void {
    switch (event.kind) {
      case "planned": {
        const { plan } = event;
        const blobs = plan.steps.filter((step) => step.kind === "blob");
        this.title = `Copying ${plan.source} to ${plan.destination}`;
        this.blobs += blobs.length;
        this.bytes += plan.cost.blobBytes;
        return;
      }
      case "inspected":
        this.title = `Verifying ${event.source}`;
        this.blobs = event.blobs;
        this.bytes = event.bytes;
        return;
      case "blob-started":
        this.inFlight.set(progressKey(event.blob.digest, event), { blob: event.blob, read: 0 });
        return;
      case "blob-progress": {
        const one = this.inFlight.get(progressKey(event.digest, event));
        if (one !== undefined) one.read += event.bytes;
        this.moved += event.bytes;
        return;
      }
      case "blob-restarted": {
        const one = this.inFlight.get(progressKey(event.digest, event));
        if (one !== undefined) one.read = 0;
        return;
      }
      case "blob-done":
        this.#end(progressKey(event.digest, event));
        return;
      case "blob-checked":
        this.#end(progressKey(event.blob.digest, event), event.blob.size);
        return;
      case "retry":
      case "notice":
      case "manifest-written":
      case "signatures-written":
      case "done":
      case "problem":
      case "verified":
    }
  }

  #end(key: string, size: number = this.inFlight.get(key)?.blob.size ?? 0): void {
    this.inFlight.delete(key);
    this.#bytesDone += size;
    this.blobsDone++;
  }
}

/** `42 %, 460 MB of 1.1 GB, 3 of 6 blobs` */
export function formatTally({ part, bytesDone, bytes, blobsDone, blobs }: ProgressTally): string {
  const percent = `${Math.floor(part * 100)} %`;
  const amount = `${formatBytes(bytesDone)} of ${formatBytes(bytes)}`;
  return `${percent}, ${amount}, ${blobsDone} of ${blobs} blobs`;
}
