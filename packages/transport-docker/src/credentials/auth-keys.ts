const dockerHubKey = "https://index.docker.io/v1/";

/** `quay.io` of `quay.io/team/app`. */
export function registryOf(name: string): string {
  return name.split("/", 1)[0] ?? name;
}

/**
 * The key in a file under which something is kept for a repository, or a registry: its name, else that of what it is
 * in, one after the other, else the registry as other tools write it, `https://quay.io/v1/`, `quay.io/v2/`, `quay.io/`.
 * Hosts are the same or they are not: neither a part of a name nor another port will do.
 */
export function findKey(
  kept: Readonly<Record<string, unknown>>,
  name: string,
  isLegacy = false,
): string | undefined {
  const registry = registryOf(name);
  const keys = Object.keys(kept);
  for (const wanted of isLegacy ? [registry] : namesOf(name)) {
    if (Object.hasOwn(kept, wanted)) return wanted;
    const found = keys.find((key) => withoutSlashes(key) === wanted);
    if (found !== undefined) return found;
  }
  return keys.find((key) => isOfRegistry(key, registry, isLegacy));
}

/** Whether a key is a registry's own, however it is written. */
export function isOfRegistry(key: string, registry: string, isLegacy = false): boolean {
  const bare = key.replace(/^https?:\/\//i, "");
  const isHostOnly = isLegacy || bare !== key || /^[^/]*\/v[12]\/*$/.test(bare);
  return canonical(isHostOnly ? registryOf(bare) : withoutSlashes(bare)) === canonical(registry);
}

function withoutSlashes(key: string): string {
  let end = key.length;
  while (key[end - 1] === "/") end--;
  return key.slice(0, end);
}

/** What docker calls a registry in its files, and when it speaks to a helper. */
export function serverOf(registry: string): string {
  return isOfRegistry(dockerHubKey, registry) ? dockerHubKey : registry;
}

/** `quay.io/team/app`, `quay.io/team`, `quay.io` */
function* namesOf(name: string): Generator<string, void, undefined> {
  for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
    yield name.slice(0, end);
  }
}

function canonical(host: string): string {
  return host === "docker.io" || host === "registry-1.docker.io" ? "index.docker.io" : host;
}
