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

/** A line for the person who watches, on standard error. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
