import { formatBytes } from "@drayage/core";
import type { CopyEvent, Descriptor, Digest } from "@drayage/core";

/** A blob on its way. */
export interface BlobInFlight {
  readonly blob: Descriptor;
  /** Bytes read of it. */
  read: number;
}

/** How far one copy is, from its events. */
export class CopyTally {
  readonly inFlight: Map<Digest, BlobInFlight> = new Map();
  source = "";
  destination = "";
  blobs = 0;
  bytes = 0;
  blobsDone = 0;
  /** Of blobs that need not be moved, all their bytes. */
  #bytesDone = 0;
  /** Bytes that went over the wire or out of a file, again and again where that failed. */
  moved = 0;

  get bytesDone(): number {
    return [...this.inFlight.values()].reduce((sum, { read }) => sum + read, this.#bytesDone);
  }

  /** 0 to 1. */
  get part(): number {
    return this.bytes === 0 ? 1 : Math.min(this.bytesDone / this.bytes, 1);
  }

  count(event: CopyEvent): void {
    switch (event.kind) {
      case "planned": {
        const { plan } = event;
        const blobs = plan.steps.filter((step) => step.kind === "blob");
        this.source = plan.source;
        this.destination = plan.destination;
        this.blobs = blobs.length;
        this.bytes = plan.cost.blobBytes;
        return;
      }
      case "blob-started":
        this.inFlight.set(event.blob.digest, { blob: event.blob, read: 0 });
        return;
      case "blob-progress": {
        const one = this.inFlight.get(event.digest);
        if (one !== undefined) one.read += event.bytes;
        this.moved += event.bytes;
        return;
      }
      case "blob-restarted": {
        const one = this.inFlight.get(event.digest);
        if (one !== undefined) one.read = 0;
        return;
      }
      case "blob-done": {
        const one = this.inFlight.get(event.digest);
        this.inFlight.delete(event.digest);
        this.#bytesDone += one?.blob.size ?? 0;
        this.blobsDone++;
        return;
      }
      case "retry":
      case "notice":
      case "manifest-written":
      case "signatures-written":
      case "done":
    }
  }
}

/** `42 %, 460 MB of 1.1 GB, 3 of 6 blobs` */
export function formatTally({ part, bytesDone, bytes, blobsDone, blobs }: CopyTally): string {
  const percent = `${Math.floor(part * 100)} %`;
  const amount = `${formatBytes(bytesDone)} of ${formatBytes(bytes)}`;
  return `${percent}, ${amount}, ${blobsDone} of ${blobs} blobs`;
}
