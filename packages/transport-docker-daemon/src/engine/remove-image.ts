import type { OperationOptions } from "@drayage/core";

import type { Engine } from "./engine.ts";
import { noSuchImage } from "./no-such-image.ts";

/** Takes a name away, and the image with its last one; never by force. @throws ImageError `not-found`, `conflict` */
export async function removeImage(
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<void> {
  const answer = await engine.inquire({ method: "DELETE", path: `/images/${name}`, ...options });
  if (answer.status === 404) throw await noSuchImage(engine, name, options);
  if (answer.status !== 200) throw engine.refusal(answer, `delete ${name}`);
}
