import { confError } from "./conf-error.ts";

/** A TOML table with typed access; errors name the file and the key. */
export class ConfTable {
  readonly file: string;
  /** The name for messages: `registry[2].mirror[1]`; undefined for the root table. */
  readonly #name: string | undefined;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(file: string, values: Readonly<Record<string, unknown>>, name?: string) {
    this.file = file;
    this.#name = name;
    this.#values = values;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  has(...keys: readonly string[]): boolean {
    return keys.some((key) => Object.hasOwn(this.#values, key));
  }

  text(key: string): string | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.problem(key, "must be a string");
  }

  boolean(key: string): boolean {
    const value = this.#get(key) ?? false;
    if (typeof value === "boolean") return value;
    throw this.problem(key, "must be true or false");
  }

  strings(key: string): readonly string[] | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw this.problem(key, "must be a list of strings");
  }

  table(key: string): ConfTable | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (isTable(value)) return new ConfTable(this.file, value, this.#nameOf(key));
    throw this.problem(key, `must be a table: [${this.#nameOf(key)}]`);
  }

  tables(key: string): readonly ConfTable[] {
    const value = this.#get(key) ?? [];
    if (!Array.isArray(value) || !value.every(isTable)) {
      throw this.problem(key, `must be a list of tables: [[${this.#nameOf(key)}]]`);
    }
    return value.map((one, at) => new ConfTable(this.file, one, `${this.#nameOf(key)}[${at + 1}]`));
  }

  /** Creates an error; `problem` follows the name of the key in its message. */
  problem(key: string, problem: string): Error {
    return confError(this.file, `${this.#nameOf(key)} ${problem}`);
  }

  #get(key: string): unknown {
    return this.has(key) ? this.#values[key] : undefined;
  }

  #nameOf(key: string): string {
    return this.#name === undefined ? key : `${this.#name}.${key}`;
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
