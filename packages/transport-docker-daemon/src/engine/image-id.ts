import { gathered, ImageError, isDigest, parseJSONObject } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

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
): Promise<Digest> {
  const answer = await engine.ask({ method: "GET", path: `/images/${name}/json`, ...options });
  if (answer.status === 404) throw await noSuchImage(engine, name, options);
  if (answer.status !== 200) throw await engine.refusal(answer, `look for ${name}`);
  const what = `what ${engine.name} tells of ${name}`;
  const { Id: id } = parseJSONObject(what, await gathered(answer.bytes, answerLimit)).value;
  if (isDigest(id)) return id;
  // Podman leaves the algorithm out in some of its answers.
  const digest = `sha256:${String(id)}`;
  if (isDigest(digest)) return digest;
  throw new ImageError("invalid-manifest", `Not an ID of an image in ${what}: ${String(id)}`);
}

const answerLimit = 8 << 20;
