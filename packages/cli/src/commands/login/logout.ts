import {
  findCredentials,
  removeAllCredentials,
  removeCredentials,
} from "@drayage/transport-docker";

import type { GlobalFlags } from "../../flags/global-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { writeResult } from "../../process/standard-streams.ts";
import { authFileSettings } from "./auth-file-flags.ts";
import type { AuthFileFlags } from "./auth-file-flags.ts";

export interface LogoutFlags extends GlobalFlags, AuthFileFlags {
  readonly all?: true;
}

/** `drayage logout` */
export async function logout(
  name: string | undefined,
  flags: LogoutFlags,
  signal: AbortSignal,
): Promise<void> {
  if ((name === undefined) !== (flags.all === true)) {
    throw new UsageError("Name one registry to log out of, or use --all");
  }
  const options = { ...(await authFileSettings(flags)), signal };
  if (name === undefined) {
    await removeAllCredentials(options);
    return writeResult("Removed login credentials for all registries\n");
  }
  if (await removeCredentials(name, options)) {
    return writeResult(`Removed login credentials for ${name}\n`);
  }
  const isInOtherFile =
    (await findCredentials(name, { ...options, authFile: undefined })) !== undefined;
  const advice = "; other files have credentials for it: name the file with --authfile";
  throw new UsageError(`Not logged in to ${name}${isInOtherFile ? advice : ""}`);
}
