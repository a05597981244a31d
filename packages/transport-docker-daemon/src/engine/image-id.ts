import type { OperationOptions } from "@drayage/core";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import type { Engine } from "./engine.ts";
import { noSuchImage } from "./no-such-image.ts";

/**
 * By which an engine knows an image: the digest of its config or, where containerd keeps images, that of its manifest.
 * @throws ImageError `not-found`
 */
export async function imageIDOf(
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<unknown> {
  const answer = await engine.inquire({ method: "GET", path: `/images/${name}/json`, ...options });
  if (answer.status === 404) throw await noSuchImage(engine, name, options);
  if (answer.status !== 200) throw engine.refusal(answer, `look for ${name}`);
  return jsonObjectOf(answer.text)["Id"];
}
