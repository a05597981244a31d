import "../supported-node.ts";

export type { JSONFields, JSONShape } from "./json-shape.ts";
export { parseStrictJSON } from "./strict-json.ts";
export { isJSONObject, parseJSONObject } from "../manifest/json-object.ts";
export type { JSONObject } from "../manifest/json-object.ts";
