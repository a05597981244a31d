import type { OperationOptions } from "@drayage/core";

import type { Engine } from "./engine.ts";
import { noSuchImage } from "./no-such-image.ts";

/** Removes a name, and the image with its last name, without `force`. @throws ImageError `not-found`, `conflict` */
export async function removeImage(
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<void> {
  const response = await engine.sendForText({
    method: "DELETE",
    path: `/images/${name}`,
    ...options,
  });
  if (response.status === 404) throw await noSuchImage(engine, name, options);
  if (response.status !== 200) throw engine.errorFor(response, `delete ${name}`);
}
