import { globSync, readFileSync } from "node:fs";
import path from "node:path";

/** The root of this checkout. */
export const root: string = path.resolve(import.meta.dirname, "../..");

/** A document with examples. */
export interface Document {
  /** From the root: `packages/core/README.md`. */
  readonly file: string;
  readonly text: string;
  /** Its TypeScript examples, which together are one program; empty where it has none. */
  readonly program: string;
}

/** Every README, and the pages that teach by examples. */
export const documents: readonly Document[] = [
  "README.md",
  ...globSync("packages/*/README.md", { cwd: root }).toSorted(),
  "docs/writing-a-transport.md",
].map((file) => {
  const text = readFileSync(path.join(root, file), "utf8");
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = ""]) => block);
  return { file, text, program: blocks.join("\n") };
});
