import { describe, expect, test } from "vitest";

import { parseChallenges } from "../../src/http/challenge.ts";

function read(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

describe("WWW-Authenticate", () => {
  test.each([
    ["", []],
    ["Basic", [["basic", {}]]],
    ['BASIC Realm="x"', [["basic", { realm: "x" }]]],
    [
      'Bearer realm="https://a/t",service="a",scope="repository:x:pull,push"',
      [["bearer", { realm: "https://a/t", service: "a", scope: "repository:x:pull,push" }]],
    ],
    ["Bearer scope=s , service = a", [["bearer", { scope: "s", service: "a" }]]],
    [
      'Negotiate, Basic realm="a, b", Bearer realm=r',
      [
        ["negotiate", {}],
        ["basic", { realm: "a, b" }],
        ["bearer", { realm: "r" }],
      ],
    ],
    [
      "Negotiate YWJj==, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [String.raw`Basic realm="a \"b\" \\ c"`, [["basic", { realm: String.raw`a "b" \ c` }]]],
    [" , Basic realm=x ,", [["basic", { realm: "x" }]]],
  ])("%s", (header, challenges) => {
    expect(read(header)).toEqual(challenges);
  });

  test.each([
    ['Basic realm=x, Bearer realm="never ends', [["basic", { realm: "x" }]]],
    ['Bearer realm="never ends', []],
    ["=", []],
  ])("invalid text is ignored: %s", (header, challenges) => {
    expect(read(header)).toEqual(challenges);
  });
});
