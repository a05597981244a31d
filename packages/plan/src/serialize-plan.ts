import { documentVersion } from "./document-schema.ts";
import type { PlanDocument } from "./document-schema.ts";
import type { StoredPlan } from "./stored-plan.ts";

/** Formats a plan as JSON for `parsePlan` (`plan.schema.json` of this package). Bytes are in base64. */
export function serializePlan({ plan, options }: StoredPlan): string {
  const document: PlanDocument = { kind: "drayage-plan", version: documentVersion, plan, options };
  return `${withEscapes(JSON.stringify(document, bytesAsBase64, 2))}\n`;
}

function bytesAsBase64(this: Readonly<Record<string, unknown>>, key: string): unknown {
  // The second argument has already been through `toJSON`, which a Buffer has.
  const value = this[key];
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/** Escapes characters that a terminal could interpret. `JSON.stringify` escapes those below U+0020. */
function withEscapes(json: string): string {
  return json.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
