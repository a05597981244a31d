import path from "node:path";

/** What several packages look up without being told; everything else is a setting of one transport. */
export interface SystemContext {
  /** Put before the absolute paths of files that are looked up without being named, such as `/etc/containers/policy.json`. */
  readonly rootForImplicitAbsolutePaths?: string | undefined;
  /** Where `HOME`, `DOCKER_CONFIG`, `HTTPS_PROXY` and the like are looked up. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Where a file that nobody named is looked for. */
export function implicitPathOf(absolutePath: string, system: SystemContext = {}): string {
  const root = system.rootForImplicitAbsolutePaths;
  return root === undefined ? absolutePath : path.join(root, absolutePath);
}
