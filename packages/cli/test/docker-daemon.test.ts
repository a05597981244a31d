import path from "node:path";

import { copyImage } from "@drayage/core";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import type { Dockerd } from "@drayage/test-servers";
import { inMemory, randomImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "./drayage.ts";

describe.skipIf(dockerdProgram === undefined)("docker-daemon:", () => {
  let dockerd: Dockerd;
  beforeAll(async () => {
    dockerd = await startDockerd();
  });
  afterAll(() => dockerd[Symbol.asyncDispose]());

  test("an image is copied in, inspected, copied out and deleted with --daemon-host of each side", async () => {
    await using folder = await temporaryFolder();
    const [layout, back] = [`${folder.path}/layout:image`, `${folder.path}/layout:back`];
    const image = await inMemory(await randomImage("command"));
    await copyImage(image, ociLayout().parseReference(layout));
    const name = "docker-daemon:app:1";
    const copy = ["copy", "--quiet", "--insecure-policy"];
    expect(
      await drayage(...copy, "--dest-daemon-host", dockerd.host, `oci:${layout}`, name),
    ).toMatchObject({ code: 0, stderr: "" });
    const inspected = await drayage("inspect", "--daemon-host", dockerd.host, name);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ Name: "docker.io/library/app" });
    expect(
      await drayage(...copy, "--src-daemon-host", dockerd.host, name, `oci:${back}`),
    ).toMatchObject({ code: 0, stderr: "" });
    const deleted = await drayage("delete", "--daemon-host", dockerd.host, name);
    expect(deleted).toMatchObject({ code: 0, stderr: `Deleted ${name}\n` });
    const again = await drayage("delete", "--daemon-host", dockerd.host, name);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("app:1") as string });
  });

  test("a missing engine is reported in one line", async () => {
    await using folder = await temporaryFolder();
    const host = `unix://${path.join(folder.path, "docker.sock")}`;
    const { code, stderr } = await drayage("inspect", "--daemon-host", host, "docker-daemon:a:b");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^drayage: The container engine unix:.* start Docker.*\n$/);
  });
});
