import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll } from "vitest";

import { docker } from "../src/index.ts";
import type { DockerSettings } from "../src/index.ts";

/** Ignores the configuration of this machine. */
const system = {
  rootForImplicitAbsolutePaths: import.meta.dirname,
  environment: { HOME: import.meta.dirname },
};

/** A registry for the conformance suite, with a repository for each image. */
export function subjectAt(host: string, settings: DockerSettings): TransportUnderTest {
  const transport = docker({ system, registriesDir: signatureFolder(), ...settings });
  let count = 0;
  return {
    transport,
    freshReference: () => transport.parseReference(`//${host}/conformance/${count++}:tag`),
    siblingOf: ({ stringWithinTransport }) =>
      transport.parseReference(`${stringWithinTransport}-${count++}`),
  };
}

/** A registries.d folder that enables both kinds of signatures: in the folder and in the registry. */
function signatureFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "drayage-signatures-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const lookaside = pathToFileURL(path.join(folder, "lookaside")).href;
  const text = `default-docker:\n  lookaside: ${lookaside}\n  use-sigstore-attachments: true\n`;
  writeFileSync(path.join(folder, "default.yaml"), text);
  return folder;
}
