import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageTransport } from "../contract/image-transport.ts";
import { ImageError } from "../names/image-error.ts";
import { closestMatch } from "../text/closest-match.ts";

/** The transports of a program, by name. There is no global registry. */
export class Transports {
  readonly #byName = new Map<string, ImageTransport>();

  /** @throws ImageError `conflict` if two transports have the same name */
  constructor(transports: Iterable<ImageTransport> = []) {
    for (const transport of transports) this.register(transport);
  }

  /** Adds a transport. @throws ImageError `conflict` if its name is already registered */
  register(transport: ImageTransport): this {
    if (this.#byName.has(transport.name)) {
      throw new ImageError("conflict", `A transport named ${transport.name} is already registered`);
    }
    this.#byName.set(transport.name, transport);
    return this;
  }

  /** Finds a transport by its name. */
  get(name: string): ImageTransport | undefined {
    return this.#byName.get(name);
  }

  /** The names of all transports, in alphabetical order. */
  get names(): readonly string[] {
    return [...this.#byName.keys()].toSorted();
  }

  /** Parses `transport:reference`. @throws ImageError `unknown-transport`, `invalid-reference` */
  parse(name: string): ImageReference {
    const colon = name.indexOf(":");
    const transport = colon < 0 ? undefined : this.#byName.get(name.slice(0, colon));
    if (transport === undefined) throw new ImageError("unknown-transport", this.#advice(name));
    return transport.parseReference(name.slice(colon + 1));
  }

  #advice(name: string): string {
    return `Invalid image name ${JSON.stringify(name)}: ${this.#problemOf(name)} (transports: ${this.names.join(", ")})`;
  }

  #problemOf(name: string): string {
    const colon = name.indexOf(":");
    const word = colon < 0 ? undefined : name.slice(0, colon);
    const unknown = `unknown transport ${JSON.stringify(word)}`;
    const similar = word === undefined ? undefined : closestMatch(word, this.names);
    if (similar !== undefined)
      return `${unknown}; did you mean ${similar}:${name.slice(colon + 1)}?`;
    const withColon = this.#withColon(name);
    const advice =
      withColon === undefined ? this.#transportAdvice(name) : [`did you mean ${withColon}?`];
    const isWord = word !== undefined && /^[a-z][a-z0-9+-]+$/i.test(word);
    if (isWord && advice.length === 0) return unknown;
    return ["it must start with a transport and a colon", ...advice].join("; ");
  }

  #transportAdvice(name: string): readonly string[] {
    return this.names.flatMap((transport) => this.#byName.get(transport)?.advise?.(name) ?? []);
  }

  /** The name with the missing colon after its transport: `docker://alpine` for `docker//alpine`. */
  #withColon(name: string): string | undefined {
    const slashes = name.indexOf("//");
    const word = name.slice(0, Math.max(slashes, 0));
    if (!/^[a-z0-9-]+$/i.test(word)) return undefined;
    const transport = this.#byName.get(
      this.#byName.has(word) ? word : (closestMatch(word, this.names) ?? ""),
    );
    if (transport === undefined) return undefined;
    const path = name.slice(slashes + 1);
    return `${transport.name}:${canParse(transport, path) ? path : name.slice(slashes)}`;
  }
}

function canParse(transport: ImageTransport, text: string): boolean {
  try {
    return transport.parseReference(text) !== undefined;
  } catch {
    return false;
  }
}
