import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { promisify } from "node:util";

import { guardedLookup, ForbiddenAddress, allowedClassesFor } from "@drayage/transport-kit/wire";
import type { AddressClass, AllowedClasses } from "@drayage/transport-kit/wire";
import { describe, expect, test } from "vitest";

describe("the classes of hosts that a server may name", () => {
  test.each<[AddressClass, boolean, AllowedClasses]>([
    ["public", false, ["public"]],
    ["public", true, ["public"]],
    ["reserved", true, ["public"]],
    ["private", false, ["public", "private"]],
    ["private", true, ["public", "private"]],
    ["link-local", false, ["public", "private"]],
    ["link-local", true, ["public", "private", "link-local"]],
    ["loopback", false, ["public", "private", "loopback"]],
    ["loopback", true, ["public", "private", "loopback"]],
  ])("from %s, to the same host %s: %j", (namer, isSameHost, expected) => {
    expect(allowedClassesFor(namer, { isSameHost })).toEqual(expected);
  });
});

describe("names are resolved", () => {
  const resolved: Readonly<Record<string, readonly LookupAddress[]>> = {
    "public.example": [{ address: "203.0.113.1", family: 4 }],
    "mixed.example": [
      { address: "203.0.113.1", family: 4 },
      { address: "::ffff:10.0.0.1", family: 6 },
    ],
  };
  const lookup: LookupFunction = (name, _, callback) => {
    const addresses = resolved[name];
    if (addresses === undefined) callback(new Error(`no ${name}`), "");
    else callback(null, [...addresses]);
  };

  test("to allowed addresses, for both result types of lookup", async () => {
    const seen: unknown[] = [];
    const guarded = guardedLookup({
      allowedClasses: ["public"],
      lookup,
      onResolved: (name, classes) => seen.push([name, classes]),
    });
    const all = promisify(guarded)("public.example", { all: true });
    expect(await all).toEqual([{ address: "203.0.113.1", family: 4 }]);
    expect(await promisify(guarded)("public.example", {})).toBe("203.0.113.1");
    expect(seen).toEqual([
      ["public.example", ["public"]],
      ["public.example", ["public"]],
    ]);
  });

  test("and rejected if one of several addresses is not allowed", async () => {
    const guarded = promisify(guardedLookup({ allowedClasses: ["public"], lookup }));
    const error = await guarded("mixed.example", {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ForbiddenAddress);
    expect(error).toMatchObject({ address: "::ffff:10.0.0.1", addressClass: "private" });
  });

  test("to any address for a host that the user named", async () => {
    expect(await promisify(guardedLookup({ lookup }))("mixed.example", {})).toBe("203.0.113.1");
  });

  test("with the error of the lookup", async () => {
    const guarded = promisify(guardedLookup({ allowedClasses: ["public"], lookup }));
    await expect(guarded("other.example", {})).rejects.toThrow("no other.example");
  });
});
