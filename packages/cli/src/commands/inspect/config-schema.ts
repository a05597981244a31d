import { ImageError } from "@drayage/core";

import { GoMap, GoNil, GoStruct, GoTime } from "./go-values.ts";

/** The Go type of a config field. JSON omits an empty field unless `isAlways` is set. */
interface ConfigField {
  readonly key: string;
  /** The Go name of the field. */
  readonly name: string;
  readonly type: FieldType;
  readonly isAlways?: true;
}

type FieldType =
  | "text"
  | "boolean"
  | "time"
  | "texts"
  | "labels"
  | "set"
  | { readonly struct: string; readonly fields: readonly ConfigField[]; readonly isListed?: true };

function field(key: string, name: string, type: FieldType): ConfigField {
  return { key, name, type };
}

const innerFields: readonly ConfigField[] = [
  field("User", "User", "text"),
  field("ExposedPorts", "ExposedPorts", "set"),
  field("Env", "Env", "texts"),
  field("Entrypoint", "Entrypoint", "texts"),
  field("Cmd", "Cmd", "texts"),
  field("Volumes", "Volumes", "set"),
  field("WorkingDir", "WorkingDir", "text"),
  field("Labels", "Labels", "labels"),
  field("StopSignal", "StopSignal", "text"),
  field("ArgsEscaped", "ArgsEscaped", "boolean"),
];

const rootFields: readonly ConfigField[] = [
  { ...field("type", "Type", "text"), isAlways: true },
  { ...field("diff_ids", "DiffIDs", "texts"), isAlways: true },
];

const historyFields: readonly ConfigField[] = [
  field("created", "Created", "time"),
  field("created_by", "CreatedBy", "text"),
  field("author", "Author", "text"),
  field("comment", "Comment", "text"),
  field("empty_layer", "EmptyLayer", "boolean"),
];

/** The order in which skopeo prints them (OCI image-spec, config.md). */
const configFields: readonly ConfigField[] = [
  field("created", "Created", "time"),
  field("author", "Author", "text"),
  { ...field("architecture", "Architecture", "text"), isAlways: true },
  field("variant", "Variant", "text"),
  { ...field("os", "OS", "text"), isAlways: true },
  field("os.version", "OSVersion", "text"),
  field("os.features", "OSFeatures", "texts"),
  {
    ...field("config", "Config", { struct: "v1.ImageConfig", fields: innerFields }),
    isAlways: true,
  },
  { ...field("rootfs", "RootFS", { struct: "v1.RootFS", fields: rootFields }), isAlways: true },
  field("history", "History", { struct: "v1.History", fields: historyFields, isListed: true }),
];

/**
 * Converts a config to what skopeo prints: fields in Go's order, maps sorted by key, empty fields omitted. Fields that
 * the OCI specification does not define follow; skopeo omits them. @throws ImageError `invalid-manifest` if a field has
 * the wrong type
 */
export function goConfig(config: Readonly<Record<string, unknown>>): GoStruct {
  return structOf(config, "v1.Image", configFields, "");
}

function structOf(
  object: Readonly<Record<string, unknown>>,
  typeName: string,
  schema: readonly ConfigField[],
  path: string,
): GoStruct {
  const known = schema.map((one) => {
    const value = valueOf(object[one.key], one.type, path + one.key);
    return { ...one, value };
  });
  const keys = new Set(schema.map(({ key }) => key));
  const others = Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)));
  const shown = known.filter(({ value, isAlways }) => isAlways || !isEmpty(value));
  const json = {
    ...Object.fromEntries(shown.map(({ key, value }) => [key, value])),
    ...others,
  };
  return new GoStruct(
    typeName,
    new Map(known.map(({ name, value }) => [name, value])),
    others,
    json,
  );
}

function valueOf(value: unknown, type: FieldType, path: string): unknown {
  const isThere = value !== undefined && value !== null;
  if (typeof type === "object") {
    if (!type.isListed)
      return structOf(objectOf(value ?? {}, path), type.struct, type.fields, `${path}.`);
    if (!isThere) return new GoNil("list");
    return listOf(value, path).map((one, index) => {
      const itemPath = `${path}[${index}]`;
      return structOf(objectOf(one ?? {}, itemPath), type.struct, type.fields, `${itemPath}.`);
    });
  }
  switch (type) {
    case "text":
      return isThere ? textOf(value, path) : "";
    case "boolean":
      if (isThere && typeof value !== "boolean") throw wrongType(path, "true or false", value);
      return value ?? false;
    case "time":
      return isThere ? timeOf(value, path) : new GoNil("pointer");
    case "texts":
      if (!isThere) return new GoNil("list");
      return listOf(value, path).map((one) => textOf(one ?? "", path));
    case "labels":
    case "set":
      return isThere ? mapOf(objectOf(value, path), type, path) : new GoNil("map");
  }
}

function mapOf(
  object: Readonly<Record<string, unknown>>,
  type: "labels" | "set",
  path: string,
): GoMap {
  const entries = Object.entries(object).map(([key, value]) => [
    key,
    type === "labels"
      ? textOf(value ?? "", `${path}[${JSON.stringify(key)}]`)
      : objectOf(value ?? {}, path),
  ]);
  return GoMap.of(Object.fromEntries(entries) as Record<string, unknown>);
}

function isEmpty(value: unknown): boolean {
  if (value instanceof GoNil) return true;
  if (value instanceof GoMap) return value.size === 0;
  return Array.isArray(value) ? value.length === 0 : !value;
}

function textOf(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  throw wrongType(path, "a string", value);
}

function timeOf(value: unknown, path: string): GoTime {
  const text = textOf(value, path);
  const isTime =
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text) &&
    Date.parse(text) === Date.parse(text);
  if (isTime) return new GoTime(text);
  throw wrongType(path, "a time such as 2026-11-23T12:00:00Z", value);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrongType(path, "an array", value);
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject) return value as Readonly<Record<string, unknown>>;
  throw wrongType(path, "an object", value);
}

function wrongType(path: string, expected: string, value: unknown): ImageError {
  const found = JSON.stringify(value);
  const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found;
  return new ImageError(
    "invalid-manifest",
    `The image config has ${path} = ${shown}, but ${expected} is required; use --raw to print the config unchanged`,
  );
}
