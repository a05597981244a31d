import type { Digest } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import * as v from "valibot";

/** A schema whose values have exactly the fields of a type. A new field of the type does not compile until it is here. */
export function exactly<Type extends object>() {
  return <Fields extends FieldsOf<Type>>(
    fields: Fields & Readonly<Record<Exclude<keyof Fields, keyof Type>, never>>,
  ): v.GenericSchema<unknown, Type> => v.strictObject(fields as never) as never;
}

/** A schema of alternatives with a `kind`. A new kind of the type does not compile until it is here. */
export function oneKindOf<Type extends { readonly kind: string }>() {
  return (kinds: {
    readonly [Kind in Type["kind"]]: v.GenericSchema<
      unknown,
      Extract<Type, { readonly kind: Kind }>
    >;
  }): v.GenericSchema<unknown, Type> => v.variant("kind", Object.values(kinds) as never) as never;
}

type FieldsOf<Type> = {
  readonly [Name in keyof Required<Type>]: v.GenericSchema<unknown, Type[Name]>;
};

/** Any text. */
export const text: v.GenericSchema<unknown, string> = v.string();

/** A number of bytes, requests or parts. */
export const count: v.GenericSchema<unknown, number> = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);

/** A digest as `parseDigest` accepts it. */
export const digest: v.GenericSchema<unknown, Digest> = v.pipe(
  v.string(),
  v.regex(
    /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/,
    'Expected a digest such as "sha256:…" with 64 digits',
  ),
) as unknown as v.GenericSchema<unknown, Digest>;

/** Bytes, in base64. */
export const bytes: v.GenericSchema<unknown, Uint8Array> = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/, "Expected base64"),
  v.check((encoded) => encoded.length % 4 === 0, "Expected complete base64"),
  v.transform((encoded): Uint8Array => Buffer.from(encoded, "base64")),
) as v.GenericSchema<unknown, Uint8Array>;

const anyRecord = v.record(v.string(), v.string());

/**
 * Annotations and labels. valibot leaves out keys such as `constructor`; here they are kept, because documents are read
 * into objects that inherit nothing.
 */
export const textRecord: v.GenericSchema<unknown, Readonly<Record<string, string>>> = {
  ...anyRecord,
  "~run"(dataset, config) {
    const { value } = dataset;
    const others = isJSONObject(value)
      ? Object.entries(value).filter(([, one]) => typeof one !== "string")
      : [];
    const [other] = others;
    if (other !== undefined) return anyRecord["~run"]({ value: { value: other[1] } }, config);
    const result = anyRecord["~run"](dataset, config);
    return (result.typed ? { ...result, value } : result) as never;
  },
};
