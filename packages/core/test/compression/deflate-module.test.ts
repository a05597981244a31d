import { fileURLToPath } from "node:url";

import asc from "assemblyscript/asc";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the module is compiled from the source: `vitest run -u` writes it again", async () => {
  const module = Buffer.from(await compiled()).toString("base64");
  const text =
    "/** Generated WebAssembly in base 64. The test of this module compiles it from `assembly/deflate.ts`. Do not edit. */\n" +
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
