import { ImageError } from "../names/image-error.ts";

/** A platform, with the names of Go: `linux`, `amd64`, `v8` (OCI image-spec, image-index.md, "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  /** The version of Windows that an image is for: `10.0.20348.2340`. */
  readonly osVersion?: string | undefined;
  /** The features of Windows that an image requires: `win32k`. */
  readonly osFeatures?: readonly string[] | undefined;
}

/**
 * Parses `linux/arm64`, `linux/arm/v7` or, as containerd writes it, `windows(10.0.20348+win32k)/amd64`.
 * @throws ImageError `invalid-reference`
 */
export function parsePlatform(text: string): Platform {
  const match =
    /^([a-z0-9_.-]+)(?:\(([a-z0-9_.-]*)((?:\+[a-z0-9_.-]+)*)\))?\/([a-z0-9_.-]+)(?:\/([a-z0-9_.-]+))?$/i.exec(
      text,
    );
  if (match === null) {
    throw new ImageError(
      "invalid-reference",
      `Not a platform: ${JSON.stringify(text)}; write OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64, or OS(VERSION)/ARCHITECTURE`,
    );
  }
  const [, os = "", osVersion, features, architecture = "", variant] = match;
  return {
    os,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(osVersion && { osVersion }),
    ...(features && { osFeatures: features.slice(1).split("+") }),
  };
}

/** Formats a platform for `parsePlatform`: `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, osVersion = "", osFeatures = [] } = platform;
  const details = [osVersion, ...osFeatures].join("+");
  const system = details === "" ? os : `${os}(${details})`;
  return [system, architecture, ...(variant ? [variant] : [])].join("/");
}

const architectures: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
  ["ppc64", "ppc64le"],
  ["mipsel", "mipsle"],
]);

/** The platform of containers on this machine. Always `linux`, because other systems run containers in a Linux VM. */
export function hostPlatform(): Platform {
  const architecture = architectures.get(process.arch) ?? process.arch;
  if (architecture !== "arm") return { os: "linux", architecture };
  const version = Reflect.get(process.config.variables, "arm_version") as string | undefined;
  return { os: "linux", architecture, variant: `v${version ?? "7"}` };
}
