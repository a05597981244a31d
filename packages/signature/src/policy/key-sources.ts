import { fieldAt, invalidPolicy } from "./policy-fields.ts";
import type { PolicyFields } from "./policy-fields.ts";
import type { KeySource } from "./policy.ts";

/** The fields that may specify keys: one file, several files, the content of one in base64, or of several. */
export interface KeyFieldNames {
  readonly path?: string;
  readonly paths?: string;
  readonly data?: string;
  readonly datas?: string;
}

/**
 * Reads all forms of one set of keys. Returns one list for each form that is present, so that callers can require
 * exactly one.
 */
export function keySourcesIn(
  fields: PolicyFields,
  { path, paths, data, datas }: KeyFieldNames,
): readonly (readonly KeySource[])[] {
  const one = path === undefined ? undefined : fields.optionalText(path);
  const several = paths === undefined ? undefined : fields.optionalTexts(paths);
  const content = data === undefined ? undefined : fields.optionalText(data);
  const contents = datas === undefined ? undefined : fields.optionalTexts(datas);
  return [
    one === undefined ? undefined : [{ path: one }],
    several?.map((file) => ({ path: file })),
    content === undefined ? undefined : [{ data: decoded(content, fields, data) }],
    contents?.map((text) => ({ data: decoded(text, fields, datas) })),
  ].filter((sources) => sources !== undefined);
}

/** Decodes base64 like Go, which ignores line breaks and nothing else. */
function decoded(text: string, { at }: PolicyFields, name = ""): Uint8Array {
  const compact = text.replaceAll(/[\r\n]/g, "");
  const isBase64 =
    compact.length % 4 === 0 && /^[A-Za-z0-9+/]*(?:[A-Za-z0-9+/]=|==)?$/.test(compact);
  if (!isBase64) throw invalidPolicy(fieldAt(at, name), "must be base64");
  return Buffer.from(compact, "base64");
}
