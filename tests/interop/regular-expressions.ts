import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import { parseAstAsync } from "vitest/node";

/** A regular expression of the sources and its location. */
export interface WrittenExpression {
  /** `packages/core/src/names/digest.ts:12` */
  readonly location: string;
  /** undefined if it depends on runtime values. */
  readonly pattern: string | undefined;
  readonly flags: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const root = path.resolve(import.meta.dirname, "../..");

/** Packages that read test input. */
const forTests = new Set(["testkit", "registry", "mock-servers"]);

/** All expressions of the published packages: literals, and those built from constants of the same file. */
export async function findRegularExpressions(): Promise<readonly WrittenExpression[]> {
  const files = globSync("packages/*/src/**/*.ts", { cwd: root });
  const published = files.filter((file) => !forTests.has(file.split(path.sep)[1] ?? ""));
  const found = await Promise.all(published.toSorted().map(expressionsIn));
  return found.flat();
}

async function expressionsIn(file: string): Promise<readonly WrittenExpression[]> {
  const text = readFileSync(path.join(root, file), "utf8");
  const program = (await parseAstAsync(text, { lang: "ts" })) as unknown as Node;
  const nodes = [...nodesIn(program)];
  const constants = constantsIn(nodes);
  return nodes.flatMap((node): WrittenExpression | [] => {
    const location = `${file}:${text.slice(0, node.start).split("\n").length}`;
    const regex = node["regex"] as { pattern: string; flags: string } | undefined;
    if (node.type === "Literal" && regex) return { location, ...regex };
    if (node.type !== "NewExpression" && node.type !== "CallExpression") return [];
    if ((node["callee"] as Node)["name"] !== "RegExp") return [];
    const [pattern, flags] = node["arguments"] as readonly Node[];
    return {
      location,
      pattern: pattern && textOf(pattern, constants),
      flags: (flags && textOf(flags, constants)) ?? "",
    };
  });
}

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== "object" || value === null) return;
  if ("type" in value) yield value as Node;
  for (const part of Object.values(value)) yield* nodesIn(part);
}

function constantsIn(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const constants = new Map<string, string>();
  for (const node of nodes) {
    if (node.type !== "VariableDeclarator") continue;
    const name = (node["id"] as Node)["name"];
    const text = node["init"] && textOf(node["init"] as Node, constants);
    if (typeof name === "string" && typeof text === "string") constants.set(name, text);
  }
  return constants;
}

function textOf(node: Node, constants: ReadonlyMap<string, string>): string | undefined {
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : undefined;
  if (node.type === "Identifier") return constants.get(String(node["name"]));
  if (node.type !== "TemplateLiteral") return undefined;
  const parts = (node["expressions"] as readonly Node[]).map((part) => textOf(part, constants));
  if (parts.includes(undefined)) return undefined;
  const quasis = node["quasis"] as readonly { value: { cooked: string } }[];
  return quasis.map(({ value }, at) => value.cooked + (parts[at] ?? "")).join("");
}
