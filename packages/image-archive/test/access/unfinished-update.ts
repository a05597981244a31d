import { FileArchiveUpdate } from "../../src/index.ts";

/** Starts to add a blob to an archive, reports it to the parent process, and never completes. */
const [, , file = ""] = process.argv;
const update = await FileArchiveUpdate.open(file, { ifExists: "add" });
await update.putBlob(endless(), {});

async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(1 << 20);
  process.send?.("writing");
  await new Promise(() => setInterval(() => {}, 1000));
}
