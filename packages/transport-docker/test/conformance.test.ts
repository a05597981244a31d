import {
  conformance,
  distributionProgram,
  startDistribution,
  startRegistry,
} from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import { docker } from "../src/docker-transport.ts";

const registries = {
  "Docker Distribution": { isHere: distributionProgram !== undefined, start: startDistribution },
  "the testkit's registry": { isHere: true, start: startRegistry },
};

describe.each(Object.entries(registries))("docker: with %s:", async (_, { isHere, start }) => {
  if (!isHere) {
    test.skip("Docker Distribution is not installed (docker-registry)");
    return;
  }
  const registry = await start();
  afterAll(() => registry[Symbol.asyncDispose]());
  const transport = docker();
  let count = 0;
  const subject = {
    transport,
    freshReference: () => transport.parseReference(`//${registry.host}/some/image${count++}:tag`),
    siblingOf: (reference: { readonly stringWithinTransport: string }) =>
      transport.parseReference(`${reference.stringWithinTransport}${count++}`),
  };
  for (const { name, run } of await conformance(subject)) test(name, run);
});
