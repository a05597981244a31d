import type { OperationOptions } from "@drayage/core";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import type { Engine } from "./engine.ts";
import { noSuchImage } from "./no-such-image.ts";

/**
 * The ID of an image: the digest of its config or, with the containerd store, of its manifest.
 * @throws ImageError `not-found`
 */
export async function imageIDOf(
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<unknown> {
  const response = await engine.sendForText({
    method: "GET",
    path: `/images/${name}/json`,
    ...options,
  });
  if (response.status === 404) throw await noSuchImage(engine, name, options);
  if (response.status !== 200) throw engine.errorFor(response, `inspect ${name}`);
  return jsonObjectOf(response.text)["Id"];
}
