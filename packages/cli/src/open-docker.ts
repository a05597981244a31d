import type { docker, DockerTransport } from "@drayage/transport-docker";

import { allowedTargets } from "./allowed-targets.ts";
import { lookupOf } from "./auth-file-flags.ts";
import type { SideFlags } from "./side-flag-table.ts";
import type { Side } from "./side-flags.ts";
import { UsageError } from "./usage-error.ts";
import { compileParserOnce } from "./v8-flags.ts";
import { version } from "./version.ts";

/** The transport `docker:`, as the flags of a side say. */
export async function openDocker(side: Side): Promise<DockerTransport> {
  compileParserOnce();
  const transport = await import("@drayage/transport-docker");
  return transport.docker(dockerSettings(side));
}

type DockerSettings = NonNullable<Parameters<typeof docker>[0]>;

function dockerSettings({ flags, authFile, registriesConf, parallelBlobs }: Side): DockerSettings {
  const { registryToken, tlsVerify, certDir, parallelRanges, chunkSize } = flags;
  const credentials = credentialsOf(flags);
  return {
    userAgent: `drayage/${version}`,
    ...lookupOf(authFile),
    registriesConf,
    ...allowedTargets(),
    ...(credentials && { credentials }),
    ...(registryToken !== undefined && { registryToken }),
    ...(tlsVerify !== undefined && { insecure: !tlsVerify }),
    ...(certDir !== undefined && { certDir }),
    ...(parallelRanges !== undefined && { parallelRanges }),
    ...(chunkSize !== undefined && { chunkSize }),
    ...(parallelBlobs !== undefined && { parallelBlobs }),
  };
}

/** `USER:PASSWORD` is cut at its first colon; a user alone has an empty password. */
function credentialsOf({
  creds,
  username,
  password,
  noCreds,
}: SideFlags): DockerSettings["credentials"] {
  if (noCreds) return () => undefined;
  if (username !== undefined && password !== undefined) return { username, password };
  if (creds === undefined) return undefined;
  const [, user = "", secret = ""] = /^([^:]*):?(.*)$/s.exec(creds) ?? [];
  if (user !== "") return { username: user, password: secret };
  throw new UsageError(
    "Credentials are written USER:PASSWORD, and there is no user before the colon",
  );
}
