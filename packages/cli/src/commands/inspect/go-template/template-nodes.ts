/** A parsed template (Go's text/template, "Actions"). */
export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipe: Pipe }
  | BranchNode
  | { readonly kind: "template"; readonly name: string; readonly pipe: Pipe | undefined }
  | { readonly kind: "break" | "continue" };

/** The bodies for a true value (or each entry) and for a false one. */
export interface BranchNode {
  readonly kind: "if" | "with" | "range";
  readonly pipe: Pipe;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

/** Commands. Each gets the result of the previous one as its last argument. */
export interface Pipe {
  /** The source text, for messages. */
  readonly action: string;
  /** The variables that it sets, with their `$`. */
  readonly variables: readonly string[];
  /** Whether it assigns existing variables. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly first: Operand;
  readonly rest: readonly Operand[];
}

/** A value and a chain of fields. */
export interface Operand {
  readonly base:
    | { readonly kind: "dot" | "nil" }
    | { readonly kind: "literal"; readonly value: string | number | boolean }
    | { readonly kind: "variable" | "function"; readonly name: string }
    | { readonly kind: "pipe"; readonly pipe: Pipe };
  readonly fields: readonly string[];
}

/** Templates by name. The main template has an empty name. */
export type Templates = ReadonlyMap<string, readonly TemplateNode[]>;
