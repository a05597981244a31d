import type { Command } from "commander";

/** The variables with files and folders that a command uses. */
export function variablesInUse(command: Command): readonly string[] {
  if (withoutImages.has(command.name())) return [];
  const isLocal = readers.has(command.name()) && command.args.every(isInFiles);
  return isLocal ? ["TMPDIR"] : all;
}

const withoutImages = new Set(["manifest-digest", "lint"]);

/** Commands that use no policy and no cache. */
const readers = new Set(["inspect", "verify", "list-tags"]);

const transportsOfFiles = ["dir:", "oci:", "oci-archive:", "docker-archive:", "tarball:"];

/** Such images need no settings or credentials of the user. */
function isInFiles(image: string): boolean {
  return transportsOfFiles.some((prefix) => image.startsWith(prefix));
}

const all: readonly string[] = [
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "CONTAINERS_REGISTRIES_CONF",
  "CONTAINERS_REGISTRIES_CONF_DIR",
  "DOCKER_CERT_PATH",
  "DOCKER_CONFIG",
  "HOME",
  "REGISTRY_AUTH_FILE",
  "TMPDIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_RUNTIME_DIR",
  "XDG_STATE_HOME",
];
