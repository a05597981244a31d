import { outputFailure } from "./interruption.ts";

/** A command's result, on standard output. Done when all of it is handed on. */
export async function writeResult(result: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(result, (error) => {
      if (error) reject(outputFailure(error));
      else resolve();
    });
  });
}

/** A line, or several, for the person who watches, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** With nothing in it that a terminal would obey: messages repeat what registries say. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, "\u{fffd}");
}
