import { existsSync } from "node:fs";

import type * as TransportDocker from "@drayage/transport-docker";
import type { docker, DockerTransport } from "@drayage/transport-docker";

import { fileOfVariable } from "../commands/login/auth-file-flags.ts";
import type { SideFlags } from "../flags/side-flag-table.ts";
import { writtenFlag } from "../flags/side-flags.ts";
import type { Side } from "../flags/side-flags.ts";
import { UsageError } from "../flags/usage-error.ts";
import { compileParserOnce } from "../process/v8-flags.ts";
import { version } from "../process/version.ts";
import { allowedTargets } from "./allowed-targets.ts";

/** The transport `docker:`, configured from the flags of a side. */
export async function openDocker(side: Side): Promise<DockerTransport> {
  compileParserOnce();
  const transport = await import("@drayage/transport-docker");
  return transport.docker({ ...dockerSettings(side), ...lookupOf(side, transport) });
}

type DockerSettings = NonNullable<Parameters<typeof docker>[0]>;

function dockerSettings({
  prefix,
  flags,
  registriesConf,
  registriesDir,
  parallelBlobs,
}: Side): DockerSettings {
  const { registryToken, tlsVerify, certDir, parallelRanges, chunkSize } = flags;
  return {
    userAgent: `drayage/${version}`,
    registriesConf,
    ...allowedTargets(),
    registriesDir,
    wording: wordingOf(writtenFlag(prefix, "tlsVerify")),
    ...(registryToken !== undefined && { registryToken }),
    ...(tlsVerify !== undefined && { insecure: !tlsVerify }),
    ...(certDir !== undefined && { certDir }),
    ...(parallelRanges !== undefined && { parallelRanges }),
    ...(chunkSize !== undefined && { chunkSize }),
    ...(parallelBlobs !== undefined && { parallelBlobs }),
  };
}

/** Advice in error messages, in terms of this command. */
export function wordingOf(tlsVerify: string): NonNullable<DockerSettings["wording"]> {
  return {
    insecure: `use ${tlsVerify}=false`,
    login: (host) => `run drayage login ${host}`,
    allTags: "use --all-tags",
  };
}

/**
 * REGISTRY_AUTH_FILE may name a file that `login` has yet to create. Then only the credential helpers of
 * registries.conf apply, and no other file.
 */
function lookupOf(
  { flags, authFile: named, registriesConf }: Side,
  {
    findCredentials,
    readCredentialHelpers,
  }: Pick<typeof TransportDocker, "findCredentials" | "readCredentialHelpers">,
): Pick<DockerSettings, "authFile" | "credentials"> {
  const credentials = credentialsOf(flags);
  const authFile = named ?? fileOfVariable();
  if (credentials !== undefined || authFile === undefined) return { authFile, credentials };
  if (named !== undefined || existsSync(authFile)) return { authFile };
  return {
    credentials: async (host, repository) =>
      findCredentials(repository === undefined ? host : `${host}/${repository}`, {
        authFile,
        credentialHelpers: await readCredentialHelpers({ registriesConf }),
      }),
  };
}

/** `USER:PASSWORD` is split at its first colon. A user without a colon has an empty password. */
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
  throw new UsageError("--creds requires a user name; write USER:PASSWORD");
}
