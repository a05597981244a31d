import { ImageError } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

/** The error for an invalid policy. `at` is the location in the document, such as `transports.docker`. */
export function invalidPolicy(at: string, why: string): ImageError {
  return new ImageError("untrusted", `Invalid policy: ${at === "" ? "the document" : at} ${why}`);
}

/** The field of an object in messages: `transports.docker["quay.io"]`. */
export function fieldAt(at: string, name: string): string {
  if (/^[A-Za-z]\w*$/.test(name)) return at === "" ? name : `${at}.${name}`;
  return `${at}[${JSON.stringify(name)}]`;
}

/**
 * Reads the fields of one JSON object strictly: each is read once, has the right type and is not null; `end` rejects all
 * others. Names are case-sensitive.
 */
export class PolicyFields {
  readonly at: string;
  readonly #object: JSONObject;
  readonly #read = new Set<string>();

  constructor(value: unknown, at: string) {
    if (!isJSONObject(value)) throw invalidPolicy(at, "must be a JSON object");
    this.#object = value;
    this.at = at;
  }

  get names(): readonly string[] {
    return Object.keys(this.#object);
  }

  /** The value of a field; undefined if it is absent. */
  optional(name: string): unknown {
    this.#read.add(name);
    return this.#object[name];
  }

  required(name: string): unknown {
    const value = this.optional(name);
    if (value === undefined) throw invalidPolicy(fieldAt(this.at, name), "is missing");
    return value;
  }

  text(name: string): string {
    return this.#asText(this.required(name), name);
  }

  optionalText(name: string): string | undefined {
    const value = this.optional(name);
    return value === undefined ? undefined : this.#asText(value, name);
  }

  optionalTexts(name: string): readonly string[] | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0)
      throw invalidPolicy(fieldAt(this.at, name), "must be a list with at least one text");
    return value.map((one: unknown, index) => this.#asText(one, `${name}[${index}]`));
  }

  /** Rejects fields that were not read, because a misspelled field would silently have no effect. */
  end(): void {
    const unknown = this.names.find((name) => !this.#read.has(name));
    if (unknown === undefined) return;
    const known = [...this.#read].join(", ");
    throw invalidPolicy(fieldAt(this.at, unknown), `is not a known field (known: ${known})`);
  }

  #asText(value: unknown, name: string): string {
    if (typeof value === "string" && value !== "") return value;
    throw invalidPolicy(
      `${this.at === "" ? "" : `${this.at}.`}${name}`,
      "must be a non-empty text",
    );
  }
}
