import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageTransport } from "../contract/image-transport.ts";
import { parseNamedReference } from "../names/docker-reference.ts";
import { ImageError } from "../names/image-error.ts";
import { closestMatch } from "../text/closest-match.ts";

/** The transports that a program uses, by name. There is no global one. */
export class Transports {
  readonly #byName = new Map<string, ImageTransport>();

  /** @throws ImageError `conflict` for two of one name */
  constructor(transports: Iterable<ImageTransport> = []) {
    for (const transport of transports) this.register(transport);
  }

  /** @throws ImageError `conflict` where the name is taken */
  register(transport: ImageTransport): this {
    if (this.#byName.has(transport.name)) {
      throw new ImageError("conflict", `A transport named ${transport.name} is in use already`);
    }
    this.#byName.set(transport.name, transport);
    return this;
  }

  /** The transport of that name, where it is in use. */
  get(name: string): ImageTransport | undefined {
    return this.#byName.get(name);
  }

  /** In alphabetical order. */
  get names(): readonly string[] {
    return [...this.#byName.keys()].toSorted();
  }

  /** Reads `transport:reference`. @throws ImageError `unknown-transport`, `invalid-reference` */
  parse(name: string): ImageReference {
    const colon = name.indexOf(":");
    const transport = colon < 0 ? undefined : this.#byName.get(name.slice(0, colon));
    if (transport === undefined) throw new ImageError("unknown-transport", this.#advice(name));
    return transport.parseReference(name.slice(colon + 1));
  }

  #advice(name: string): string {
    const said = `Invalid image name ${JSON.stringify(name)}`;
    const known = `transports: ${this.names.join(", ")}`;
    const url = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/i.exec(name);
    if (/^https?:\/\//i.test(name) && this.#byName.has("docker")) {
      return `${said}: a registry's image is written docker://${url?.[1] ?? ""}, with no http:// (${known})`;
    }
    const colon = name.indexOf(":");
    const word = colon < 0 ? undefined : name.slice(0, colon);
    const meant = word === undefined ? undefined : closestMatch(word, this.names);
    if (meant !== undefined) {
      return `${said}: unknown transport ${JSON.stringify(word)}; did you mean ${meant}:${name.slice(colon + 1)}? (${known})`;
    }
    const absent =
      word === undefined ? undefined : absentTransport(word, name.slice(word.length + 1));
    if (absent !== undefined) return `${said}: ${absent} (${known})`;
    return `${said}: it must start with a transport and a colon${this.#guess(name, url?.[1])} (${known})`;
  }

  /** What somebody may have meant who named no transport. */
  #guess(name: string, withoutScheme: string | undefined): string {
    const meant = this.#withColon(name);
    if (meant !== undefined) return `; did you mean ${meant}?`;
    const isArchive = /\.(?:tar(?:\.\w+)?|tgz)$/.test(name);
    if (isArchive && this.#byName.has("docker-archive"))
      return `; for an archive write docker-archive:${name} or oci-archive:${name}`;
    const isPath = /^[./~\\]/.test(name);
    if (isPath) return this.#byName.has("dir") ? `; for a folder write dir:${name}` : "";
    if (!this.#byName.has("docker")) return "";
    return `; for a registry write docker://${withoutScheme ?? name}`;
  }

  /** A name with the colon that is missing after its transport: `docker//alpine`. */
  #withColon(name: string): string | undefined {
    const slashes = name.indexOf("//");
    const word = name.slice(0, Math.max(slashes, 0));
    if (!/^[a-z0-9-]+$/i.test(word)) return undefined;
    const transport = this.names.includes(word) ? word : closestMatch(word, this.names);
    if (transport === undefined) return undefined;
    const isAddress = transport === "docker" || transport === "s3";
    return `${transport}:${name.slice(isAddress ? slashes : slashes + 1)}`;
  }
}

/** Transports of other tools, and how to reach the same images. */
const transportsOfOthers: Readonly<Record<string, string>> = {
  "containers-storage":
    "push it out of Podman with podman push IMAGE oci:FOLDER, or start Podman's service and write docker-daemon:NAME:TAG",
  ostree: "copy it with skopeo 1.9 to oci: or dir: first",
  sif: "convert it with skopeo to oci: or dir: first",
  atomic: "write docker:// and the address of the cluster's registry",
};

/** What is wrong with a name that starts with a transport that there is not; undefined where it may be a registry's. */
function absentTransport(word: string, rest: string): string | undefined {
  const unknown = `unknown transport ${JSON.stringify(word)}`;
  const advice = Object.hasOwn(transportsOfOthers, word) ? transportsOfOthers[word] : undefined;
  if (advice !== undefined) return `${unknown}, which is not supported; ${advice}`;
  const isWord = /^[a-z][a-z0-9+-]+$/i.test(word);
  return isWord && !isNameInRegistry(`${word}:${rest}`) ? unknown : undefined;
}

function isNameInRegistry(name: string): boolean {
  try {
    return parseNamedReference(name) !== undefined;
  } catch {
    return false;
  }
}
