import { writeFile } from "node:fs/promises";
import path from "node:path";

import { openImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { verifyImage } from "@drayage/core/verify";
import { startS3 } from "@drayage/mock-servers";
import type { S3Server } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import type { Dockerd } from "@drayage/test-servers";
import { tarFile } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { InstalledCommand } from "./installed-command.ts";

// These tests start programs that start others, and run next to all other tests.
vi.setConfig({ testTimeout: 120_000 });

let command: InstalledCommand;
let registry: Registry;
let store: S3Server;
let dockerd: Dockerd | undefined;
let image: string;

beforeAll(async () => {
  command = await InstalledCommand.install();
  registry = await startRegistry();
  store = await startS3();
  if (dockerdProgram !== undefined) dockerd = await startDockerd();
  image = layoutAt("layout");
  await writeImage(await randomImage("transports"), referenceTo(image));
}, 300_000);

afterAll(async () => {
  for (const server of [registry, store, dockerd]) await server?.[Symbol.asyncDispose]();
  await command[Symbol.asyncDispose]();
});

async function drayage(...args: readonly string[]): Promise<string> {
  const { accessKeyId, secretAccessKey } = store.access.credentials;
  return command.output(args, {
    env: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: store.access.region,
      AWS_ENDPOINT_URL_S3: store.access.endpoint,
      ...(dockerd && { DOCKER_HOST: dockerd.host }),
    },
  });
}

/** Names an image that does not exist yet. */
const names: Readonly<Record<string, () => string>> = {
  docker: () => `docker://${registry.host}/smoke/app:1`,
  oci: () => `oci:${command.home}/other-layout:1`,
  s3: () => "s3://bucket/smoke:1",
  dir: () => `dir:${command.home}/dir`,
  "docker-archive": () => `docker-archive:${command.home}/docker.tar:example.com/app:1`,
  "oci-archive": () => `oci-archive:${command.home}/oci.tar:1`,
  "docker-daemon": () => "docker-daemon:example.com/app:1",
};

/** Names a layout in the home of the command. */
function layoutAt(folder: string): string {
  return `oci:${path.join(command.home, folder)}:1`;
}

function referenceTo(layout: string): ImageReference {
  return ociLayout().parseReference(layout.slice("oci:".length));
}

/** Verifies what the command wrote, and reads its config, with the sources. */
async function configOf(layout: string): Promise<unknown> {
  const reference = referenceTo(layout);
  expect((await verifyImage(reference)).problems).toEqual([]);
  await using opened = await openImage(reference);
  const { rootfs, config } = JSON.parse(String(Buffer.from(await opened.ociConfig()))) as {
    readonly rootfs: unknown;
    readonly config: unknown;
  };
  return { rootfs, config };
}

describe("the installed command", () => {
  test("has a smoke test for every transport in its help", async () => {
    const help = await drayage("--help");
    const lines = help.matchAll(/^ {2}([a-z\d-]+):\S+ {2,}\S/gm);
    const listed = [...lines].map(([, name = ""]) => name);
    const tested = [...Object.keys(names), "tarball"];
    expect([...new Set(listed)].toSorted()).toEqual(tested.toSorted());
  });

  test.skipIf(dockerdProgram === undefined).each(["docker-daemon"])(
    "copies to %s and back",
    copies,
  );
  test.each(Object.keys(names).filter((name) => name !== "docker-daemon"))(
    "copies to %s and back",
    copies,
  );

  async function copies(transport: string): Promise<void> {
    const name = names[transport]?.() ?? "";
    const back = layoutAt(`back-from-${transport}`);
    await drayage("copy", "--quiet", image, name);
    await drayage("copy", "--quiet", name, back);
    expect(await configOf(back)).toEqual(await configOf(image));
  }

  test("copies from tarball", async () => {
    const file = path.join(command.home, "root.tar");
    await writeFile(file, tarFile([{ name: "hello", content: "hello" }]));
    const made = layoutAt("made");
    await drayage("copy", "--quiet", "--src-cmd", "/hello", `tarball:${file}`, made);
    expect(await configOf(made)).toMatchObject({ config: { Cmd: ["/hello"] } });
  });
});
