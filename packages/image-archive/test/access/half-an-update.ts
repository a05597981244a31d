import { FileArchiveUpdate } from "../../src/index.ts";

/** Begins to add to an archive, tells so, and is never done. */
const [, , file = ""] = process.argv;
const update = await FileArchiveUpdate.open(file, { whatIsThere: "add" });
await update.putBlob(endless(), {});

async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(1 << 20);
  process.send?.("writing");
  await new Promise(() => setInterval(() => {}, 1000));
}
