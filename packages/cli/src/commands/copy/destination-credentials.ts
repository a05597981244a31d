import type { ImageReference } from "@drayage/core";

import { writtenFlag } from "../../flags/side-flags.ts";
import type { Side } from "../../flags/side-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";

const credentials = ["creds", "username", "password", "registryToken"] as const;

/** Refuses to send the credentials for one registry to another one as well. @throws UsageError */
export function refuseSharedCredentials(
  destinations: readonly ImageReference[],
  { flags, prefix }: Side,
): void {
  const flag = credentials.find((name) => flags[name] !== undefined);
  const registries = new Set(
    destinations
      .filter(({ transport }) => transport.name === "docker")
      .map(({ dockerReference }) => dockerReference?.domain),
  );
  if (flag === undefined || registries.size < 2) return;
  throw new UsageError(
    `${writtenFlag(prefix, flag)} would be sent to ${[...registries].join(" and ")}; log in to each registry with drayage login, or use --authfile`,
  );
}
