import { GoMap, GoNil } from "../go-values.ts";
import { isTruth } from "./comparison.ts";
import { fieldOf } from "./go-fields.ts";
import { printed } from "./go-print.ts";
import { failed, invalid } from "./template-error.ts";
import { templateFunctions } from "./template-functions.ts";
import type {
  BranchNode,
  Command,
  Operand,
  Pipe,
  TemplateNode,
  Templates,
} from "./template-nodes.ts";

/** Executes a template with some data. @throws UsageError */
export function runTemplate(templates: Templates, data: unknown): string {
  return new TemplateRun(templates).templateText("", data, "");
}

/** The variables in scope, the innermost last. */
type Scope = Map<string, unknown>[];

/** Why the rest of a body is skipped. */
type Jump = "break" | "continue" | undefined;

const maxDepth = 100;

class TemplateRun {
  readonly #templates: Templates;
  #output: string[] = [];
  #depth = 0;

  constructor(templates: Templates) {
    this.#templates = templates;
  }

  templateText(name: string, data: unknown, action: string): string {
    const nodes = this.#templates.get(name);
    if (nodes === undefined)
      throw invalid(action, `the template ${JSON.stringify(name)} is not defined`);
    if (++this.#depth > maxDepth) throw failed(action, "templates call each other without end");
    const [outer, own]: [string[], string[]] = [this.#output, []];
    this.#output = own;
    this.#body(nodes, data, [new Map([["$", data]])]);
    this.#output = outer;
    this.#depth--;
    return own.join("");
  }

  #body(nodes: readonly TemplateNode[], dot: unknown, scope: Scope): Jump {
    const inner = [...scope, new Map<string, unknown>()];
    for (const node of nodes) {
      const jump = this.#node(node, dot, inner);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #node(node: TemplateNode, dot: unknown, scope: Scope): Jump {
    switch (node.kind) {
      case "text":
        this.#output.push(node.text);
        return undefined;
      case "print": {
        const value = this.#valueOf(node.pipe, dot, scope);
        if (node.pipe.variables.length === 0) this.#output.push(printed(value));
        return undefined;
      }
      case "if":
      case "with": {
        const inner = [...scope, new Map<string, unknown>()];
        const value = this.#valueOf(node.pipe, dot, inner);
        if (!isTruth(value)) return this.#body(node.otherwise, dot, inner);
        return this.#body(node.body, node.kind === "with" ? value : dot, inner);
      }
      case "range":
        return this.#range(node, dot, scope);
      case "template": {
        const { name, pipe } = node;
        const data = pipe === undefined ? undefined : this.#valueOf(pipe, dot, scope);
        this.#output.push(this.templateText(name, data, `template "${name}"`));
        return undefined;
      }
      case "break":
      case "continue":
        return node.kind;
    }
  }

  #range({ pipe, body, otherwise }: BranchNode, dot: unknown, scope: Scope): Jump {
    const over = this.#valueOf({ ...pipe, variables: [] }, dot, scope);
    const entries = entriesOf(over, pipe.action);
    if (entries.length === 0) return this.#body(otherwise, dot, scope);
    for (const [key, value] of entries) {
      const inner = [...scope, new Map<string, unknown>()];
      const [first, second] = pipe.variables;
      const isPair = second !== undefined;
      if (first !== undefined) this.#set(first, isPair ? key : value, pipe, inner);
      if (isPair) this.#set(second, value, pipe, inner);
      const jump = this.#body(body, value, inner);
      if (jump === "break") break;
    }
    return undefined;
  }

  #valueOf(pipe: Pipe, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    for (const [index, command] of pipe.commands.entries()) {
      const last = index === 0 ? [] : [value];
      value = this.#commandValue(command, last, dot, scope, pipe.action);
    }
    for (const name of pipe.variables) this.#set(name, value, pipe, scope);
    return value;
  }

  #set(name: string, value: unknown, { assigns, action }: Pipe, scope: Scope): void {
    const frame = assigns ? scope.findLast((one) => one.has(name)) : scope.at(-1);
    if (frame === undefined) throw invalid(action, `the variable ${name} is not defined`);
    frame.set(name, value);
  }

  #commandValue(
    { first, rest }: Command,
    last: readonly unknown[],
    dot: unknown,
    scope: Scope,
    action: string,
  ): unknown {
    const { base, fields } = first;
    if (base.kind === "function")
      return this.#fields(this.#call(base.name, rest, last, dot, scope, action), fields, []);
    if (base.kind === "nil") throw invalid(action, "nil cannot be printed");
    if (fields.length === 0) {
      const isAlone = rest.length + last.length === 0;
      if (!isAlone) throw invalid(action, "its first word is not a function and takes no values");
      return this.#operand(first, dot, scope, action);
    }
    const operands = [...rest.map((one) => this.#operand(one, dot, scope, action)), ...last];
    return this.#fields(this.#base(base, dot, scope, action), fields, operands);
  }

  #call(
    name: string,
    rest: readonly Operand[],
    last: readonly unknown[],
    dot: unknown,
    scope: Scope,
    action: string,
  ): unknown {
    const values = rest.map((one) => () => this.#operand(one, dot, scope, action));
    const operands = [...values, ...last.map((value) => () => value)];
    if (name === "and" || name === "or") return firstThatDecides(name, operands, action);
    const known = templateFunctions.get(name);
    if (known === undefined) {
      const names = ["and", "or", ...templateFunctions.keys()].toSorted().join(", ");
      throw invalid(action, `there is no function ${name}; available: ${names}`);
    }
    const { min, max, call } = known;
    if (operands.length < min || operands.length > max) {
      const count = min === max ? `${min}` : `${min} or more`;
      throw invalid(action, `${name} takes ${count} values, not ${operands.length}`);
    }
    return call(...operands.map((operand) => operand()));
  }

  #operand({ base, fields }: Operand, dot: unknown, scope: Scope, action: string): unknown {
    return this.#fields(this.#base(base, dot, scope, action), fields, []);
  }

  #base(base: Operand["base"], dot: unknown, scope: Scope, action: string): unknown {
    switch (base.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "literal":
        return base.value;
      case "variable": {
        const frame = scope.findLast((one) => one.has(base.name));
        if (frame === undefined) throw invalid(action, `the variable ${base.name} is not defined`);
        return frame.get(base.name);
      }
      case "function":
        return this.#call(base.name, [], [], dot, scope, action);
      case "pipe":
        return this.#valueOf(base.pipe, dot, scope);
    }
  }

  /** Only the last field may be a method with arguments. */
  #fields(value: unknown, fields: readonly string[], operands: readonly unknown[]): unknown {
    return fields.reduce(
      (at, name, index) => fieldOf(at, name, index === fields.length - 1 ? operands : []),
      value,
    );
  }
}

function firstThatDecides(
  name: "and" | "or",
  operands: readonly (() => unknown)[],
  action: string,
): unknown {
  if (operands.length === 0) throw invalid(action, `${name} takes 1 or more values, not 0`);
  let value: unknown;
  for (const operand of operands) {
    value = operand();
    if (isTruth(value) === (name === "or")) break;
  }
  return value;
}

function entriesOf(over: unknown, action: string): readonly (readonly [unknown, unknown])[] {
  if (over === undefined || over === null || over instanceof GoNil) return [];
  if (over instanceof GoMap) return [...over];
  if (Array.isArray(over)) return [...over.entries()];
  throw failed(action, "it is neither a list nor a map");
}
