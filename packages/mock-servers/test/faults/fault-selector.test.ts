import { describe, expect, test } from "vitest";

import { faultSelector } from "../../src/faults/fault-selector.ts";
import type { Fault } from "../../src/faults/fault.ts";
import type { SeenRequest } from "../../src/faults/seen-request.ts";

function requests(path: string, count: number): readonly SeenRequest[] {
  return Array.from({ length: count }, (_, at) => ({
    method: "GET",
    path,
    kind: `GET ${path}`,
    nth: at + 1,
    hasBody: false,
    hasGoodToken: false,
    isOfUpload: false,
  }));
}

describe("seeded faults", () => {
  const one = requests("/v2/a", 50);
  const other = requests("/v2/b", 50);

  test("are reproducible, independent of the order of requests", () => {
    const mixed = faultSelector({ seed: 7 });
    const interleaved = one.flatMap((request, at) => [mixed(other[at] ?? request), mixed(request)]);
    const apart = faultSelector({ seed: 7 });
    const first = one.map(apart);
    const second = other.map(apart);
    expect(interleaved).toEqual(first.flatMap((fault, at) => [second[at], fault]));
    expect(first.filter((fault) => fault !== undefined).length).toBeGreaterThan(3);
  });

  test("differ for another seed", () => {
    expect(one.map(faultSelector({ seed: 7 }))).not.toEqual(one.map(faultSelector({ seed: 8 })));
  });

  test("have the selected kinds and fit the request", () => {
    const kinds: readonly Fault["kind"][] = ["cut", "lost-upload"];
    const found = one.map(faultSelector({ seed: 7, kinds, rate: 1 }));
    expect(new Set(found.map((fault) => fault?.kind))).toEqual(new Set(["cut", undefined]));
  });

  test("are limited in a row", () => {
    const struck = one.map(faultSelector({ seed: 7, rate: 1 })).map((fault) => fault !== undefined);
    expect(struck.slice(0, 8)).toEqual([true, true, true, false, true, true, true, false]);
  });

  test("repeat error responses", () => {
    const found = one.map(faultSelector({ seed: 7, rate: 0.5, kinds: ["error-response"] }));
    const repeated = found.filter((fault, at) => fault !== undefined && fault === found[at - 1]);
    expect(repeated.length).toBeGreaterThan(3);
  });
});

test("a planned fault applies to the nth matching request and the following ones", () => {
  const fault = { kind: "redirect" } as const;
  const choose = faultSelector([{ fault, method: "GET", path: "v2/a", nth: 2, times: 2 }]);
  const befallen = (path: string): readonly boolean[] =>
    requests(path, 5).map((request) => choose(request) !== undefined);
  expect(befallen("/v2/b")).toEqual([false, false, false, false, false]);
  expect(befallen("/v2/a")).toEqual([false, true, true, false, false]);
});
