import path from "node:path";

/** The environment that several packages use by default. All other settings belong to one transport. */
export interface SystemContext {
  /** A prefix for the absolute paths of default files, such as `/etc/containers/policy.json`. */
  readonly rootForImplicitAbsolutePaths?: string | undefined;
  /** The variables `HOME`, `DOCKER_CONFIG`, `HTTPS_PROXY` and others. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** The path of a default file. */
export function implicitPathOf(absolutePath: string, system: SystemContext = {}): string {
  const root = system.rootForImplicitAbsolutePaths;
  return root === undefined ? absolutePath : path.join(root, absolutePath);
}
