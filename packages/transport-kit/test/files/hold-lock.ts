import { withLock } from "@drayage/transport-kit/files";

/** Holds a lock until it is killed. */
const [lock = ""] = process.argv.slice(2);

await withLock(lock, async () => {
  process.send?.("held");
  await new Promise(() => setInterval(() => {}, 1000));
});
