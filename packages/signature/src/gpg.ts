import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

/** Larger than any signature or exported keyring in use. */
const maxOutputBytes = 8 * 1024 * 1024;

/** The file descriptor from which gpg reads a passphrase. */
const passphraseDescriptor = 3;

/** The input of one run of gpg. */
export interface GPGRun extends OperationOptions {
  readonly input?: Uint8Array | undefined;
  /** Unlocks a key without a prompt. Default: the agent of the user asks. */
  readonly passphrase?: string | undefined;
}

/** Runs the user's gpg, with the user's keys and agent. @throws ImageError `unsupported` if it is missing; `denied` if it fails */
export async function runGPG(
  args: readonly string[],
  { input, passphrase, signal }: GPGRun = {},
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const unlock = ["--pinentry-mode", "loopback", "--passphrase-fd", String(passphraseDescriptor)];
  const flags = ["--batch", "--no-tty", ...(passphrase === undefined ? [] : unlock)];
  const gpg = spawn("gpg", [...flags, ...args], {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    signal,
  });
  const [stdin, , , secret] = gpg.stdio as unknown as readonly [
    Writable,
    unknown,
    unknown,
    Writable,
  ];
  for (const pipe of [stdin, secret]) pipe.on("error", () => {});
  stdin.end(input);
  secret.end(passphrase);
  const ended = new Promise<number | null>((resolve, reject) => {
    gpg.on("error", reject);
    gpg.on("close", resolve);
  });
  try {
    const [output, messages, code] = await Promise.all([
      contentOf(gpg.stdout),
      contentOf(gpg.stderr),
      ended,
    ]);
    if (code === 0) return output;
    throw new ImageError("denied", `gpg failed: ${lastLine(messages)}`);
  } catch (cause) {
    signal?.throwIfAborted();
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new ImageError("unsupported", "The program gpg is not installed; install GnuPG", {
      cause,
    });
  } finally {
    gpg.kill();
  }
}

async function contentOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxOutputBytes) throw new ImageError("denied", "gpg returned too many bytes");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function lastLine(messages: Uint8Array): string {
  const lines = Buffer.from(messages).toString().trim().split("\n");
  return lines.at(-1) ?? "";
}
