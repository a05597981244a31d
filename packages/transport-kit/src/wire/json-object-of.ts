import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

/** The JSON object in the text of a response; an empty one for any other text, such as an error page of a proxy. */
export function jsonObjectOf(text: string): JSONObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJSONObject(value) ? value : {};
  } catch {
    return {};
  }
}
