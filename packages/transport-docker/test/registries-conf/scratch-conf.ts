import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import type { SystemContext } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";

import type { RegistriesConfSettings } from "../../src/registries-conf/conf-files.ts";

/** A system with these files, whose user has the home `/home/me`. */
export async function machineWith(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<SystemContext & { readonly root: string }> {
  const root = await scratchFolder();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return {
    root,
    rootForImplicitAbsolutePaths: root,
    environment: { HOME: path.join(root, "home/me"), ...environment },
  };
}

/** Settings that read one file with this text only. */
export async function confWith(
  text: string,
): Promise<RegistriesConfSettings & { readonly registriesConf: string }> {
  const system = await machineWith({ "my.conf": text });
  return { system, registriesConf: path.join(system.root, "my.conf") };
}
