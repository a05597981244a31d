/** Imports the given programs one by one and writes their errors to `failures.json`. */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

const [, , given = "[]"] = process.argv;
const failures: Record<string, string> = {};
for (const [name, file] of JSON.parse(given) as readonly (readonly [string, string])[]) {
  try {
    await import(pathToFileURL(file).href);
    failures[name] = "none";
  } catch (error) {
    failures[name] = inspect(error);
  }
}
writeFileSync("failures.json", JSON.stringify(failures));
