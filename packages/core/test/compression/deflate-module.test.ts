import { fileURLToPath } from "node:url";

import asc from "assemblyscript/asc";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("what runs is what the source compiles to: `vitest run -u` writes it anew", async () => {
  const module = Buffer.from(await compiled()).toString("base64");
  const text =
    "/** WebAssembly in base 64, made of `assembly/deflate.ts` by its test; not to be edited. */\n" +
    `export const deflateModule: string =\n  "${module}";\n`;
  await expect(text).toMatchFileSnapshot("../../src/compression/deflate-module.ts");
});

async function compiled(): Promise<Uint8Array> {
  let module: Uint8Array | undefined;
  const writeFile = (_: string, contents: string | Uint8Array): void => {
    if (typeof contents !== "string") module = contents;
  };
  const settings = "-O3 --noAssert --runtime stub --initialMemory 64 --outFile deflate.wasm";
  const { error } = await asc.main(
    ["assembly/deflate.ts", "--baseDir", root, ...settings.split(" ")],
    { writeFile },
  );
  if (error !== null) throw error;
  if (module === undefined) throw new Error("Nothing was written");
  return module;
}
