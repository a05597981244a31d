import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";

import type { SystemContext } from "@drayage/core";

/** Scripts need the path of the shell, and no other variable. */
const systemPath = "/usr/local/bin:/usr/bin:/bin";

/** A system whose only credential helper `docker-credential-NAME` is this script. */
export async function systemWithHelper(
  folder: string,
  name: string,
  script: string,
): Promise<SystemContext> {
  const program = path.join(folder, `docker-credential-${name}`);
  await writeFile(program, script.startsWith("#!") ? script : `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return systemIn(folder);
}

export function systemIn(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): SystemContext {
  return {
    rootForImplicitAbsolutePaths: path.join(folder, "root"),
    environment: { PATH: `${folder}:${systemPath}`, HOME: path.join(folder, "home"), ...more },
  };
}

/** Stores everything as files in its own folder. */
export const keepingScript = `
cd "$(dirname "$0")"
case "$1" in
  store) read -r json; server=$(echo "$json" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); echo "$json" > "kept-$(echo "$server" | tr '/:' '__')" ;;
  get) read -r server; cat "kept-$(echo "$server" | tr '/:' '__')" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) read -r server; rm "kept-$(echo "$server" | tr '/:' '__')" ;;
  list) echo "{$(cat kept-* 2>/dev/null | sed 's/.*"ServerURL":\\("[^"]*"\\),"Username":\\("[^"]*"\\).*/\\1:\\2/' | paste -sd, -)}" ;;
esac`;
