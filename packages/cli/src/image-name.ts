import { Transports } from "@drayage/core";
import type { ImageReference, ImageTransport } from "@drayage/core";
import type { docker, DockerTransport } from "@drayage/transport-docker";

import { lookupOf } from "./auth-file-flags.ts";
import { writtenFlag } from "./side-flags.ts";
import type { Side, SideFlag, SideFlags } from "./side-flags.ts";
import { UsageError } from "./usage-error.ts";
import { compileParserOnce } from "./v8-flags.ts";
import { version } from "./version.ts";

/** A transport that is only loaded when an image's name asks for it. */
interface KnownTransport {
  /** The flags that mean something to it. */
  readonly takes: readonly SideFlag[];
  load(side: Side): Promise<ImageTransport>;
}

const knownTransports: Readonly<Record<string, KnownTransport>> = {
  docker: {
    takes: [
      "creds",
      "username",
      "password",
      "noCreds",
      "registryToken",
      "authfile",
      "tlsVerify",
      "certDir",
      "parallelRanges",
      "chunkSize",
    ],
    load: openDocker,
  },
  oci: {
    takes: ["sharedBlobDir", "compress", "decompress"],
    load: async ({ flags }) => {
      const { ociLayout } = await import("@drayage/transport-oci-layout");
      const { sharedBlobDir } = flags;
      return ociLayout({ ...layersSetting(flags), ...(sharedBlobDir && { sharedBlobDir }) });
    },
  },
  dir: {
    takes: ["compress", "decompress"],
    load: async ({ flags }) => {
      const { directory } = await import("@drayage/transport-dir");
      return directory(layersSetting(flags));
    },
  },
};

/**
 * Reads `transport:reference` and hands the transport what the flags say.
 * @throws ImageError `unknown-transport`, `invalid-reference`
 * @throws UsageError for a flag that means nothing to the transport
 */
export async function parseImageName(name: string, side: Side): Promise<ImageReference> {
  const word = name.slice(0, Math.max(name.indexOf(":"), 0));
  const known = Object.hasOwn(knownTransports, word) ? knownTransports[word] : undefined;
  if (known !== undefined) refuseUselessFlags(word, known, side);
  const needed = known === undefined ? Object.values(knownTransports) : [known];
  const transports = await Promise.all(needed.map(async (one) => one.load(side)));
  return new Transports(transports).parse(name);
}

/** The transport `docker:` by itself, for what is about registries rather than about images. */
export async function openDocker(side: Side): Promise<DockerTransport> {
  compileParserOnce();
  const transport = await import("@drayage/transport-docker");
  return transport.docker(dockerSettings(side));
}

function refuseUselessFlags(word: string, { takes }: KnownTransport, side: Side): void {
  const useless = Object.keys(side.flags).find((flag) => !takes.includes(flag as SideFlag));
  if (useless === undefined) return;
  const takers = Object.entries(knownTransports).filter(([, one]) =>
    one.takes.includes(useless as SideFlag),
  );
  throw new UsageError(
    `${writtenFlag(side.prefix, useless as SideFlag)} means nothing to ${word}: images; it is for ` +
      takers.map(([taker]) => `${taker}:`).join(" and "),
  );
}

type DockerSettings = NonNullable<Parameters<typeof docker>[0]>;

function dockerSettings({ flags, authFile, registriesConf, parallelBlobs }: Side): DockerSettings {
  const { registryToken, tlsVerify, certDir, parallelRanges, chunkSize } = flags;
  const credentials = credentialsOf(flags);
  return {
    userAgent: `drayage/${version}`,
    ...lookupOf(authFile),
    registriesConf,
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

function layersSetting({ compress, decompress }: SideFlags): {
  layers?: "compress" | "decompress";
} {
  if (compress) return { layers: "compress" };
  return decompress ? { layers: "decompress" } : {};
}
