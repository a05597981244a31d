import { UnparsedImage, imageOf, isArtifact, parseManifest, parsePlatform } from "@drayage/core";
import type { Image, ImageManifest, ImageReference, Platform } from "@drayage/core";

import { parseImageName } from "../image-name.ts";
import { formatJSON } from "../json-text.ts";
import { overriddenPlatform, refuseTwoPlatforms } from "../platform-flags.ts";
import { withRetries } from "../retry.ts";
import { sideOf } from "../side-flags.ts";
import { writeResult } from "../standard-streams.ts";
import { tagsBeside } from "../tags.ts";
import { UsageError } from "../usage-error.ts";
import { configFields, parseConfig } from "./config-fields.ts";
import { renderTemplate } from "./go-template.ts";
import { artifactSummary, imageSummary } from "./image-summary.ts";
import type { InspectFlags } from "./inspect-flags.ts";

/** `drayage inspect` */
export async function inspect(
  name: string,
  flags: InspectFlags,
  signal: AbortSignal,
): Promise<void> {
  refuseContradictions(flags);
  const platform =
    flags.platform === undefined ? overriddenPlatform(flags) : parsePlatform(flags.platform);
  const reference = await parseImageName(name, sideOf({ ...flags }, ""));
  const question = { flags, platform, signal };
  await writeResult(await withRetries(flags, signal, async () => answer(reference, question)));
}

interface Question {
  readonly flags: InspectFlags;
  readonly platform: Platform;
  readonly signal: AbortSignal;
}

async function answer(reference: ImageReference, question: Question): Promise<string | Uint8Array> {
  const { flags } = question;
  await using source = await reference.newImageSource(question);
  if (flags.raw && !flags.config) return (await new UnparsedImage(source).manifest(question)).bytes;
  const image = await imageOf(source, question);
  if (!flags.config) return formatted(await summaryOf(image, reference, question), flags);
  const config = await image.configBlob(question);
  if (flags.raw) return config;
  const parsed = parseConfig(config);
  return formatted(isPlainJSON(flags) ? parsed : configFields(parsed), flags);
}

async function summaryOf(
  image: Image,
  reference: ImageReference,
  { flags, signal }: Question,
): Promise<object> {
  const manifest = parseManifest(image.instance) as ImageManifest;
  const [tags, info] = await Promise.all([
    flags.noTags ? [] : tagsBeside(reference, { signal }),
    isArtifact(manifest) ? undefined : image.inspect({ signal }),
  ]);
  return info === undefined
    ? artifactSummary(image, tags, manifest)
    : imageSummary(image, tags, info);
}

function formatted(data: object, flags: InspectFlags): string {
  return isPlainJSON(flags) ? formatJSON(data) : renderTemplate(flags.format ?? "", data);
}

function isPlainJSON({ format }: InspectFlags): boolean {
  return format === undefined || format === "" || format === "json";
}

function refuseContradictions(flags: InspectFlags): void {
  if (flags.raw && flags.format !== undefined) {
    throw new UsageError("--raw prints bytes as they are; leave out --format");
  }
  refuseTwoPlatforms(flags.platform, flags);
}
