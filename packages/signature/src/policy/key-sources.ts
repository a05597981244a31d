import { decodedBase64 } from "../sigstore/base64.ts";
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

function decoded(text: string, { at }: PolicyFields, name = ""): Uint8Array {
  const bytes = decodedBase64(text);
  if (bytes === undefined) throw invalidPolicy(fieldAt(at, name), "must be base64");
  return bytes;
}
