import type { TransportUnderTest } from "@drayage/testkit";

import { docker } from "../src/index.ts";
import type { DockerSettings } from "../src/index.ts";

/** Nothing that is configured on this machine counts. */
const system = {
  rootForImplicitAbsolutePaths: import.meta.dirname,
  environment: { HOME: import.meta.dirname },
};

/** A registry as a place for the conformance suite: each image in a repository of its own. */
export function subjectAt(host: string, settings: DockerSettings): TransportUnderTest {
  const transport = docker({ system, ...settings });
  let count = 0;
  return {
    transport,
    freshReference: () => transport.parseReference(`//${host}/conformance/${count++}:tag`),
    siblingOf: ({ stringWithinTransport }) =>
      transport.parseReference(`${stringWithinTransport}-${count++}`),
  };
}
