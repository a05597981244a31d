import { invalid } from "./template-error.ts";
import type { Command, Operand, Pipe } from "./template-nodes.ts";
import { tokensOf } from "./template-tokens.ts";
import type { TemplateToken } from "./template-tokens.ts";

/** Parses the part of an action after its keyword. @throws UsageError */
export function parsePipe(action: string, text: string = action): Pipe {
  const reader = new PipeReader(action, tokensOf(text));
  return reader.wholePipe();
}

class PipeReader {
  readonly #action: string;
  readonly #tokens: readonly TemplateToken[];
  #at = 0;

  constructor(action: string, tokens: readonly TemplateToken[]) {
    this.#action = action;
    this.#tokens = tokens;
  }

  wholePipe(): Pipe {
    const pipe = { ...this.#declaration(), ...this.#commands() };
    if (this.#at < this.#tokens.length) throw this.#invalid("a ) has no matching (");
    return pipe;
  }

  /** `$key, $value :=`, `$x =`. */
  #declaration(): Pick<Pipe, "variables" | "assigns"> {
    const start = this.#at;
    const variables: string[] = [];
    for (;;) {
      this.#skipSpace();
      const token = this.#next();
      if (token?.kind !== "variable") break;
      variables.push(token.name);
      this.#skipSpace();
      const mark = this.#next();
      if (mark?.kind !== "mark") break;
      if (mark.mark === ":=" || mark.mark === "=") return { variables, assigns: mark.mark === "=" };
      if (mark.mark !== ",") break;
    }
    this.#at = start;
    return { variables: [], assigns: false };
  }

  #commands(): Pick<Pipe, "action" | "commands"> {
    const commands: Command[] = [];
    do commands.push(this.#command());
    while (this.#takes("|"));
    return { action: this.#action, commands };
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand === undefined) break;
      operands.push(operand);
      const after = this.#tokens[this.#at];
      const isApart = after === undefined || after.kind === "space" || isEnd(after);
      if (!isApart) throw this.#invalid("two values need a space between them");
    }
    const [first, ...rest] = operands;
    if (first === undefined) throw this.#invalid("a value is missing");
    return { first, rest };
  }

  #operand(): Operand | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || isEnd(token)) return undefined;
    if (token.kind === "field") return { base: { kind: "dot" }, fields: this.#fields() };
    this.#at++;
    return { base: this.#base(token), fields: this.#fields() };
  }

  #base(token: TemplateToken): Operand["base"] {
    switch (token.kind) {
      case "variable":
        return { kind: "variable", name: token.name };
      case "literal":
        return { kind: "literal", value: token.value };
      case "word":
        if (token.name === "nil") return { kind: "nil" };
        if (token.name === "true" || token.name === "false")
          return { kind: "literal", value: token.name === "true" };
        return { kind: "function", name: token.name };
      case "mark":
        if (token.mark === ".") return { kind: "dot" };
        if (token.mark === "(") return { kind: "pipe", pipe: this.#inner() };
        throw this.#invalid(`${token.mark} is not allowed there`);
      case "field":
      case "space":
        throw this.#invalid("a value is missing");
    }
  }

  #inner(): Pipe {
    const pipe = { variables: [], assigns: false, ...this.#commands() };
    if (!this.#takes(")")) throw this.#invalid("a ( has no matching )");
    return pipe;
  }

  #fields(): readonly string[] {
    const fields: string[] = [];
    for (let token = this.#tokens[this.#at]; token?.kind === "field";) {
      fields.push(token.name);
      token = this.#tokens[++this.#at];
    }
    return fields;
  }

  #takes(mark: "|" | ")"): boolean {
    this.#skipSpace();
    const token = this.#tokens[this.#at];
    if (token?.kind !== "mark" || token.mark !== mark) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (this.#tokens[this.#at]?.kind === "space") this.#at++;
  }

  #next(): TemplateToken | undefined {
    return this.#tokens[this.#at++];
  }

  #invalid(reason: string): Error {
    return invalid(this.#action, reason);
  }
}

function isEnd(token: TemplateToken): boolean {
  return token.kind === "mark" && (token.mark === "|" || token.mark === ")");
}
