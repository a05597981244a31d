import { gathered, parseJSONObject } from "@drayage/core";
import type { JSONObject } from "@drayage/core";

import type { EngineAnswer } from "./exchange.ts";

/** What an engine tells of something. @throws ImageError `invalid-manifest` for what is no object of JSON */
export async function objectIn({ bytes }: EngineAnswer, what: string): Promise<JSONObject> {
  return parseJSONObject(`answer of a container engine on ${what}`, await gathered(bytes, limit))
    .value;
}

const limit = 8 << 20;
