import { availableParallelism } from "node:os";

import { Semaphore } from "../content/semaphore.ts";

/** The size of Node's pool (nodejs.org, "UV_THREADPOOL_SIZE"). One thread remains free for files and DNS. */
const threadPoolSize = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;

/** How many blocks are compressed at once on Node's pool. */
export const poolThreads: number = Math.max(
  1,
  Math.min(availableParallelism(), threadPoolSize - 1),
);

/** Limits the compression on Node's pool. */
export const poolSemaphore: Semaphore = new Semaphore(poolThreads);
