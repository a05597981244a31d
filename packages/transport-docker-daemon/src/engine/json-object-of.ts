import { isJSONObject } from "@drayage/core";
import type { JSONObject } from "@drayage/core";

/** The object in an answer's text; an empty one for anything else. */
export function jsonObjectOf(text: string): JSONObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJSONObject(value) ? value : {};
  } catch {
    return {};
  }
}
