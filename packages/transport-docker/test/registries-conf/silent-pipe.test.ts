import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { docker } from "@drayage/transport-docker";
import type { DockerSettings } from "@drayage/transport-docker";
import { expect, onTestFinished, test } from "vitest";

/** A named pipe that a writer keeps open without writing. */
function newSilentPipe(file: string): string {
  execFileSync("mkfifo", [file]);
  const writer = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(writer));
  return file;
}

const settingsWithPipe: Readonly<Record<string, (folder: string) => DockerSettings>> = {
  "registries.conf": (folder) => ({ registriesConf: newSilentPipe(path.join(folder, "conf")) }),
  "registries.d": (folder) => {
    newSilentPipe(path.join(folder, "a.yaml"));
    return { registriesConf: false, registriesDir: folder };
  },
  "the folder of certificates": (folder) => {
    newSilentPipe(path.join(folder, "ca.crt"));
    return { registriesConf: false, registriesDir: false, certDir: folder };
  },
};

test.each(Object.entries(settingsWithPipe))(
  "an abort ends the wait for a silent pipe as %s",
  async (_, settingsIn) => {
    const folder = path.join(await scratchFolder(), "settings");
    await mkdir(folder);
    const transport = docker(settingsIn(folder));
    const reference = transport.parseReference("//127.0.0.1:1/image");
    const controller = new AbortController();
    const reason = new Error("interrupted");
    setTimeout(() => controller.abort(reason), 100);
    const { signal } = controller;
    const read = async (): Promise<void> => {
      await using destination = await reference.newImageDestination({ signal });
      await destination.putBlob(bytes(), {}, { signal });
    };
    await expect(read()).rejects.toBe(reason);
  },
);

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}
