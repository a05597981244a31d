import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, expect, test } from "vitest";

import { blockSize, formatTarHeader, padded, tarHeaderSize } from "../../src/tar/tar-header.ts";

const folder = mkdtempSync(path.join(tmpdir(), "drayage-headers-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([1, 99, 100, 101, 128, 141, 981, 982, 2000])(
  "tar reads a name of %i bytes and its size",
  (length) => {
    const name = "n".repeat(length);
    const header = formatTarHeader(name, 3);
    expect(header.byteLength).toBe(tarHeaderSize(name));
    expect(header.byteLength === blockSize).toBe(length <= 100);
    const file = path.join(folder, `${length}.tar`);
    const content = Buffer.alloc(padded(3) + 2 * blockSize);
    content.write("abc");
    writeFileSync(file, Buffer.concat([header, content]));
    const list = execFileSync("tar", ["--list", "--verbose", "--file", file], { encoding: "utf8" });
    const [, , size, , , listed] = list.trim().split(/ +/);
    expect([size, listed]).toEqual(["3", name]);
  },
);
