import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { open, writeFile } from "node:fs/promises";
import path from "node:path";

import { nextMessage, scratchFolder } from "@drayage/test-support";
import { pipeBytes, pipeWriter } from "@drayage/transport-kit/files";
import { describe, expect, onTestFinished, test } from "vitest";

import { startProgram } from "./programs.ts";

async function newPipe(): Promise<string> {
  const pipe = path.join(await scratchFolder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  return pipe;
}

function shell(script: string, pipe: string): ReturnType<typeof execFile> {
  const child = execFile("sh", ["-c", script, pipe]);
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const sizeOf = async (bytes: AsyncIterable<Uint8Array>): Promise<number> =>
  (await Array.fromAsync(bytes)).reduce((sum, chunk) => sum + chunk.byteLength, 0);

describe.skipIf(process.platform === "win32")("a named pipe", () => {
  test("is read to its end, whether the reader or the writer opens it first", async () => {
    const pipe = await newPipe();
    const early = sizeOf(pipeBytes(pipe));
    await writeFile(pipe, Buffer.alloc(3_000_000));
    expect(await early).toBe(3_000_000);
    const late = writeFile(pipe, Buffer.alloc(3_000_000));
    expect(await sizeOf(pipeBytes(pipe))).toBe(3_000_000);
    await late;
  });

  test("is read to its end if its writer pauses, and if it ended before the read", async () => {
    const pipe = await newPipe();
    shell('exec 3>"$0"; printf abc >&3; sleep 0.3; printf def >&3', pipe);
    expect(await sizeOf(pipeBytes(pipe))).toBe(6);
    // Open at both ends, so that the bytes stay after the writer closes.
    await using both = await open(pipe, "r+");
    await both.write("abc");
    const bytes = pipeBytes(pipe);
    expect((await bytes.next()).value).toEqual(Buffer.from("abc"));
    await both.close();
    expect((await bytes.next()).done).toBe(true);
  });

  test.each([
    ["without a writer", false],
    ["whose writer sends nothing", true],
  ])("%s is aborted at once", async (_, hasWriter) => {
    const pipe = await newPipe();
    const controller = new AbortController();
    const read = sizeOf(pipeBytes(pipe, { signal: controller.signal })).catch(
      (error: unknown) => error,
    );
    if (hasWriter) {
      const { stdout } = shell('exec 3>"$0"; echo open; exec sleep 60', pipe);
      if (stdout) await once(stdout, "data");
    }
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await read).toBe(reason);
  });

  test("whose writer sends nothing fails after maxSilence", async () => {
    const pipe = await newPipe();
    shell('exec 3>"$0"; exec sleep 60', pipe);
    const read = sizeOf(pipeBytes(pipe, { maxSilence: 50 }));
    await expect(read).rejects.toMatchObject({ code: "unavailable" });
  });

  test("is written to its end, also if its reader opens it later", async () => {
    const pipe = await newPipe();
    const writer = pipeWriter(pipe);
    writer.end(Buffer.alloc(3_000_000));
    expect(await sizeOf(pipeBytes(pipe))).toBe(3_000_000);
    if (!writer.closed) await once(writer, "close");
  });

  test("without a reader is aborted at once", async () => {
    const writer = pipeWriter(await newPipe());
    writer.write("abc");
    writer.on("error", () => {});
    writer.destroy();
    await once(writer, "close");
  });

  test("is written and read in a worker, which closes no other files when it ends", async () => {
    const program = startProgram("pipe-worker.ts", await newPipe());
    expect(await nextMessage(program)).toEqual({ size: 3_000_000, intact: 20 });
  });
});
