import { readFileSync } from "node:fs";
import path from "node:path";

import { digestOf, ImageError } from "@drayage/core";
import { parseStrictJSON } from "@drayage/core/json";
import { memory } from "@drayage/core/memory";
import { inMemory, randomIndex } from "@drayage/testkit";
import { toJsonSchema } from "@valibot/to-json-schema";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";

import { documentSchema } from "../src/document-schema.ts";
import { exactly, oneKindOf, text as textSchema, textRecord } from "../src/document-values.ts";
import { parsePlan } from "../src/parse-plan.ts";
import { preparePlan } from "../src/prepare-plan.ts";
import { serializePlan } from "../src/serialize-plan.ts";
import { storedPlans } from "./random-plans.ts";

const index = await randomIndex("plan-document");
const real = await preparePlan(await inMemory(index), memory().parseReference("to"), {
  instances: { platforms: [{ os: "linux", architecture: "arm" }] },
});
const json = serializePlan(real);

const schemaFile = path.resolve(import.meta.dirname, "../plan.schema.json");

test("any plan is parsed back", () => {
  const isParsedBack = fc.property(storedPlans, (stored) => {
    expect(parsePlan(serializePlan(stored))).toEqual(stored);
  });
  fc.assert(isParsedBack, { numRuns: 100 });
});

test.each(["constructor", "prototype", "__proto__", "Key and key"])(
  "annotations named %s are parsed back",
  (name) => {
    const text = JSON.stringify({ other: "a", key: "b" }).replace(
      "other",
      name === "Key and key" ? "Key" : name,
    );
    const record = v.safeParse(textRecord, parseStrictJSON("record", Buffer.from(text), "map"));
    expect(JSON.stringify(record.output)).toBe(text);
    const wrong = parseStrictJSON("record", Buffer.from(text.replace('"a"', "1")), "map");
    expect(v.safeParse(textRecord, wrong).success).toBe(false);
  },
);

test("a plan of a copy is parsed back", () => {
  expect(parsePlan(json)).toEqual(real);
  expect(parsePlan(Buffer.from(json))).toEqual(real);
});

describe("the published schema", () => {
  const schema = {
    title: "A plan of `drayage plan --json`, for `drayage apply`",
    ...toJsonSchema(documentSchema, {
      typeMode: "input",
      target: "draft-2020-12",
      ignoreActions: ["check"],
    }),
  };

  test("is that of the reader", async () => {
    const content = `${JSON.stringify(schema, undefined, 2)}\n`;
    await expect(content).toMatchFileSnapshot(schemaFile);
  });

  test("accepts plans, and rejects what the reader rejects", () => {
    const isValid = new Ajv2020({ strict: false }).compile(
      JSON.parse(readFileSync(schemaFile, "utf8")) as object,
    );
    expect(isValid(JSON.parse(json))).toBe(true);
    const isAccepted = fc.property(storedPlans, (stored) => {
      expect(isValid(JSON.parse(serializePlan(stored)))).toBe(true);
    });
    fc.assert(isAccepted, { numRuns: 30 });
    for (const text of altered()) expect([isValid(JSON.parse(text)), text]).toEqual([false, text]);
  });
});

/** The document with an unknown field, or with a value of another type, at each location. */
function* altered(): Generator<string> {
  const locations: (readonly (string | number)[])[] = [];
  const visit = (value: unknown, at: readonly (string | number)[]): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const location = [...at, Array.isArray(value) ? Number(key) : key];
      if (location.includes("annotations")) continue;
      locations.push(location);
      visit(inner, location);
    }
  };
  visit(JSON.parse(json), []);
  for (const location of locations) {
    yield changed(location, () => [[]]);
    yield changed(location, (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? { ...value, unknownField: 1 }
        : null,
    );
  }
}

/** The document with another value at a location. */
function changed(
  location: readonly (string | number)[],
  change: (value: unknown) => unknown,
): string {
  const document = JSON.parse(json) as never;
  const inner = location.slice(0, -1).reduce<never>((value, key) => value[key], document);
  const key = location.at(-1) ?? "";
  (inner as Record<string | number, unknown>)[key] = change(inner[key]);
  return JSON.stringify(document);
}

function codeOf(text: string): string | undefined {
  try {
    parsePlan(text);
    return undefined;
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error);
  }
}

describe("a plan is rejected", () => {
  test("with an unknown field or another type at any location", () => {
    for (const text of altered())
      expect([codeOf(text), text]).toEqual([
        expect.stringMatching(/^(invalid-manifest|unsupported)$/),
        text,
      ]);
  });

  test.each([
    ["an empty document", "", "invalid-manifest"],
    ["a list", "[]", "invalid-manifest"],
    ["half of it", json.slice(0, json.length / 2), "invalid-manifest"],
    ["another document", '{"kind":"policy","version":1}', "invalid-manifest"],
    ["a later version", changed(["version"], () => 2), "unsupported"],
    ["a version in text", changed(["version"], () => "1"), "unsupported"],
    ["no version", '{"kind":"drayage-plan"}', "unsupported"],
    [
      "a field twice",
      json.replace('"version": 1,', '"version": 1, "version": 1,'),
      "invalid-manifest",
    ],
    ["no options", json.replace('"options"', '"Options"'), "invalid-manifest"],
    ["a short digest", changed(["plan", "sourceDigest"], () => "sha256:ab"), "invalid-manifest"],
    ["a negative size", changed(["plan", "cost", "blobBytes"], () => -1), "invalid-manifest"],
    ["a fraction", changed(["plan", "cost", "requests"], () => 0.5), "invalid-manifest"],
    [
      "another kind of step",
      changed(["plan", "steps", 0, "kind"], () => "run"),
      "invalid-manifest",
    ],
    ["bytes that are not base64", changed(["plan", "top", "bytes"], () => "!"), "invalid-manifest"],
    ["incomplete base64", changed(["plan", "top", "bytes"], () => "e30"), "invalid-manifest"],
    [
      "another top-level manifest",
      changed(["plan", "top", "bytes"], () => "e30="),
      "digest-mismatch",
    ],
    ["another manifest", withStep(() => "e30="), "digest-mismatch"],
    [
      "another existing manifest",
      changed(["plan"], (plan) => ({
        ...(plan as object),
        existing: { digest: digestOf(Buffer.from("a")), bytes: "e30=" },
      })),
      "digest-mismatch",
    ],
  ])("with %s", (_, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test("with the location of the mistake, and with advice for another version", () => {
    expect(() => parsePlan(changed(["plan", "cost", "requests"], () => "1"))).toThrow(
      /^Invalid plan: plan\.cost\.requests: /,
    );
    expect(() => parsePlan(changed(["version"], () => 2))).toThrow(/version 2, but only version 1/);
  });
});

/** The document with other bytes in its first manifest step. */
function withStep(change: () => string): string {
  const at = real.plan.steps.findIndex(({ kind }) => kind === "manifest");
  return changed(["plan", "steps", at, "raw", "bytes"], change);
}

test("a plan contains no keys and no control characters", async () => {
  const { plan } = await preparePlan(await inMemory(index), memory().parseReference("to"));
  const reason = "\u001B[31m\u009B\u202E\u{e0001}\n";
  const steps = plan.steps.map((step) => ({ ...step, reason }));
  const text = serializePlan({ plan: { ...plan, steps }, options: {} });
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  expect(parsePlan(text).plan.steps[0]?.reason).toBe(reason);
  const decryption = { decrypt: () => ({ secret: "secret" }) } as never;
  const policy = { name: "secret" } as never;
  const options = { decryption, policy, removeSignatures: true };
  const stored = await preparePlan(await inMemory(index), memory().parseReference("to"), {
    ...options,
    policy: undefined,
  });
  expect(Object.keys(stored.options).toSorted()).toEqual(["platform", "removeSignatures"]);
  expect(serializePlan(stored)).not.toContain("secret");
});

test("a field or a kind without a schema does not compile", () => {
  interface Two {
    readonly a: string;
    readonly b?: string;
  }
  // @ts-expect-error b is missing
  exactly<Two>()({ a: textSchema });
  // @ts-expect-error c does not exist
  exactly<Two>()({ a: textSchema, b: textSchema, c: textSchema });
  type Kinds = { readonly kind: "one" } | { readonly kind: "two" };
  const one = exactly<{ readonly kind: "one" }>()({ kind: v.literal("one") });
  // @ts-expect-error two is missing
  const incomplete = (): unknown => oneKindOf<Kinds>()({ one });
  expect(incomplete).toBeTypeOf("function");
});
