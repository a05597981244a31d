const dockerHubKey = "https://index.docker.io/v1/";

/** The registry of a name: `quay.io` of `quay.io/team/app`. */
export function registryOf(name: string): string {
  return name.split("/", 1)[0] ?? name;
}

/**
 * Finds the key for a repository or a registry: its name, else each enclosing namespace, else the registry in the
 * spelling of other tools: `https://quay.io/v1/`, `quay.io/v2/`, `quay.io/`. Hosts match exactly, including the port.
 */
export function findKey(
  entries: Readonly<Record<string, unknown>>,
  name: string,
  isLegacy = false,
): string | undefined {
  const registry = registryOf(name);
  const keys = Object.keys(entries);
  for (const wanted of isLegacy ? [registry] : namesOf(name)) {
    if (Object.hasOwn(entries, wanted)) return wanted;
    const found = keys.find((key) => withoutSlashes(key) === wanted);
    if (found !== undefined) return found;
  }
  return keys.find((key) => isOfRegistry(key, registry, isLegacy));
}

/** Whether a key is any spelling of the registry. */
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

/** The name that docker uses for a registry in its files and with helpers. */
export function serverOf(registry: string): string {
  return isOfRegistry(dockerHubKey, registry) ? dockerHubKey : registry;
}

/** Yields the name and its enclosing namespaces: `quay.io/team/app`, `quay.io/team`, `quay.io`. */
function* namesOf(name: string): Generator<string, void, undefined> {
  for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
    yield name.slice(0, end);
  }
}

function canonical(host: string): string {
  return host === "docker.io" || host === "registry-1.docker.io" ? "index.docker.io" : host;
}
