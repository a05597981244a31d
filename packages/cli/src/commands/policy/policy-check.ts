import { ImageError, imageName, UnparsedImage } from "@drayage/core";
import type { Digest, ImageReference, OperationOptions } from "@drayage/core";
import {
  bareMediaType,
  instancesOf,
  isIndexMediaType,
  parseManifest,
} from "@drayage/core/manifest";
import { printable } from "@drayage/core/text";
import { judgeImage, scopeName } from "@drayage/signature";
import type { Policy, PolicyDecision } from "@drayage/signature";

import type { GlobalFlags } from "../../flags/global-flags.ts";
import type { RetryFlags } from "../../flags/retry-flags.ts";
import { sideOf } from "../../flags/side-flags.ts";
import { parseImageName } from "../../images/image-name.ts";
import { loadPolicy } from "../../images/policy-file.ts";
import { plainJSON } from "../../process/json-text.ts";
import { withRetries } from "../../process/retry.ts";
import { writeResult } from "../../process/standard-streams.ts";

export interface PolicyCheckFlags extends GlobalFlags, RetryFlags {
  readonly json?: true;
}

/** The decision about one image: the named one, or one of its instances. */
interface ImageDecision extends PolicyDecision {
  readonly digest: Digest;
}

/** `drayage policy check` */
export async function checkPolicy(
  name: string,
  flags: PolicyCheckFlags,
  signal: AbortSignal,
): Promise<void> {
  const { policy, file } = await loadPolicy({ ...flags, requirePolicy: true }, {}, { signal });
  if (policy === undefined || file === undefined)
    throw new ImageError("untrusted", "There is no policy to check; remove --insecure-policy");
  const reference = await parseImageName(name, sideOf({ ...flags }, ""));
  const decisions = await withRetries(flags, signal, async () =>
    decisionsAbout(reference, policy, { signal }),
  );
  const json = { file, images: decisions.map(asJSON) };
  await writeResult(flags.json ? `${plainJSON(json, 4)}\n` : report(file, decisions));
  if (decisions.some(({ isAccepted }) => !isAccepted))
    throw new ImageError("untrusted", `The policy ${file} rejects ${imageName(reference)}`);
}

/** The policy does not check an index, but each image in it. */
async function decisionsAbout(
  reference: ImageReference,
  policy: Policy,
  options: OperationOptions,
): Promise<readonly ImageDecision[]> {
  await using source = await reference.newImageSource(options);
  const top = new UnparsedImage(source);
  const manifest = await top.manifest(options);
  if (!isIndexMediaType(bareMediaType(manifest.mediaType ?? "")))
    return [{ ...(await judgeImage(policy, top, options)), digest: manifest.digest }];
  const decisions: ImageDecision[] = [];
  for (const { digest } of instancesOf(parseManifest(manifest))) {
    const instance = new UnparsedImage(source, digest);
    decisions.push({ ...(await judgeImage(policy, instance, options)), digest });
  }
  return decisions;
}

function report(file: string, decisions: readonly ImageDecision[]): string {
  const lines = decisions.flatMap(({ digest, isAccepted, scope, results }) => [
    `${digest}: ${isAccepted ? "accepted" : "rejected"} by ${scopeName(scope)} of ${file}`,
    ...results.map(
      ({ requirement, isMet, reason }) =>
        `  ${isMet ? "met" : "not met"}: ${requirement.type}: ${reason}`,
    ),
  ]);
  return `${lines.map(printable).join("\n")}\n`;
}

function asJSON({ digest, isAccepted, scope, results }: ImageDecision): object {
  return {
    digest,
    isAccepted,
    transport: scope.transport,
    scope: scope.scope,
    requirements: results.map(({ requirement: { type }, isMet, reason }) => ({
      type,
      isMet,
      reason,
    })),
  };
}
