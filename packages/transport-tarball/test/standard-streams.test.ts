import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { openArchiveStream } from "@drayage/image-archive";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { dockerArchive } from "../src/index.ts";

const node =
  Number.parseInt(process.versions.node, 10) >= 24
    ? process.execPath
    : path.resolve(import.meta.dirname, "../../../node_modules/.bin/node");
const program = path.join(import.meta.dirname, "copy-archive.ts");

test.each([
  ["-", "-"],
  ["/dev/stdin", "/dev/stdout"],
  ["/dev/fd/0", "/proc/self/fd/1"],
])("an archive is read from %s and written to %s, also if they are sockets", async (from, to) => {
  const file = path.join(await scratchFolder(), "archive.tar");
  const image = await inMemory(await randomImage("streamed"));
  await copyImage(image, dockerArchive().parseReference(`${file}:streamed:1`));
  const child = spawn(node, ["--conditions=@drayage/source", program, from, `${to}:streamed:1`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output = Array.fromAsync(child.stdout as AsyncIterable<Uint8Array>);
  child.stdin.end(await readFile(file));
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(0);
  const content = Buffer.concat(await output);
  await using archive = await openArchiveStream(streamOf(content), "standard output");
  expect(await archive.find("manifest.json")).toBeDefined();
});
