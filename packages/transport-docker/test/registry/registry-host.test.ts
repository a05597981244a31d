import { expect, test } from "vitest";

import { originsOf, registryHostOf } from "../../src/registry/registry-host.ts";

test("Docker Hub has another host than its domain", () => {
  expect(registryHostOf("docker.io")).toBe("registry-1.docker.io");
  expect(registryHostOf("quay.io")).toBe("quay.io");
});

test.each([
  ["quay.io", false, ["https://quay.io"]],
  ["quay.io:443", false, ["https://quay.io"]],
  ["quay.io:5000", true, ["https://quay.io:5000", "http://quay.io:5000"]],
  ["localhost:5000", undefined, ["http://localhost:5000", "https://localhost:5000"]],
  ["LOCALHOST", true, ["http://localhost", "https://localhost"]],
  ["localhost:5000", false, ["https://localhost:5000"]],
  ["127.1:5000", undefined, ["http://127.0.0.1:5000", "https://127.0.0.1:5000"]],
])("the origins of %s (insecure: %s) are %s", (host, insecure, origins) => {
  expect(originsOf(host, insecure)).toEqual(origins);
});
