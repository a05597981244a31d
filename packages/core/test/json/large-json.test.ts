import { expect, test } from "vitest";

import { parseStrictJSON } from "../../src/json/strict-json.ts";

test("any document of 4 MiB is parsed within seconds", { timeout: 120_000 }, () => {
  const size = 4 << 20;
  const filled = (partOf: (at: number) => string): string => {
    const parts: string[] = [];
    for (let length = 0; length < size; length += (parts.at(-1) ?? "").length + 1)
      parts.push(partOf(parts.length));
    return parts.join(",");
  };
  const worst = [
    `{${filled((at) => `"${at.toString(36)}":0`)}}`,
    `[${filled((at) => objectOf((key) => `${at}_${key}`))}]`,
    `[${filled((at) => objectOf((key) => `K${at}_${key}`))}]`,
    `[${filled((at) => objectOf((key) => `\u017f${at}_${key}`))}]`,
    `[${filled(() => '{"a":0,"B":0}')}]`,
    `[${filled(() => "{}")}]`,
    `[${filled((at) => `${at}.0`)}]`,
    `["${"\\u0041".repeat(size / 6)}"]`,
    `{"${"\u017f".repeat(size / 2)}":0}`,
    " ".repeat(size),
    '"\\"'.repeat(size / 3),
    "1".repeat(size),
    "[".repeat(size),
  ];
  for (const text of worst) {
    const before = process.cpuUsage();
    isRead(text);
    const seconds = process.cpuUsage(before).user / 1e6;
    expect([text.slice(0, 20), seconds < 5]).toEqual([text.slice(0, 20), true]);
  }
});

/** An object of the maximum size. */
function objectOf(keyOf: (at: number) => string): string {
  return `{${Array.from({ length: 20_000 }, (_, at) => `"${keyOf(at)}":0`).join(",")}}`;
}

/** Parses or rejects the document. */
function isRead(text: string): boolean {
  try {
    parseStrictJSON("document", Buffer.from(text));
    return true;
  } catch {
    return false;
  }
}
