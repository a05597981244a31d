/** A template as it was read (Go's text/template, "Actions"). */
export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipe: Pipe }
  | BranchNode
  | { readonly kind: "template"; readonly name: string; readonly pipe: Pipe | undefined }
  | { readonly kind: "break" | "continue" };

/** What is rendered where a value is true, or for each of its entries, and otherwise. */
export interface BranchNode {
  readonly kind: "if" | "with" | "range";
  readonly pipe: Pipe;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

/** Commands, each of which has the result of the one before as its last argument. */
export interface Pipe {
  /** As it was written, for messages. */
  readonly action: string;
  /** The variables that it sets, with their `$`. */
  readonly variables: readonly string[];
  /** Whether they are there already. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly first: Operand;
  readonly rest: readonly Operand[];
}

/** A value, and the fields that are taken of it one after another. */
export interface Operand {
  readonly base:
    | { readonly kind: "dot" | "nil" }
    | { readonly kind: "literal"; readonly value: string | number | boolean }
    | { readonly kind: "variable" | "function"; readonly name: string }
    | { readonly kind: "pipe"; readonly pipe: Pipe };
  readonly fields: readonly string[];
}

/** Templates by name; the main one has none. */
export type Templates = ReadonlyMap<string, readonly TemplateNode[]>;
