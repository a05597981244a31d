import { UnparsedImage, imageOf, isArtifact, parseManifest, parsePlatform } from "@drayage/core";
import type { Image, ImageManifest, ImageReference, Notice, Platform } from "@drayage/core";

import { parseImageName } from "../image-name.ts";
import { formatJSON } from "../json-text.ts";
import { noticeTeller } from "../notice-lines.ts";
import { overriddenPlatform, refuseTwoPlatforms } from "../platform-flags.ts";
import { withRetries } from "../retry.ts";
import { sideOf } from "../side-flags.ts";
import { writeResult, writeUnchanged } from "../standard-streams.ts";
import { tagsBeside } from "../tags.ts";
import { UsageError } from "../usage-error.ts";
import { configFields, parseConfig } from "./config-fields.ts";
import { renderTemplate } from "./go-template.ts";
import { artifactSummary, imageSummary } from "./image-summary.ts";
import type { InspectFlags } from "./inspect-flags.ts";
import { noticeFields } from "./notice-fields.ts";

/** `drayage inspect` */
export async function inspect(
  name: string,
  flags: InspectFlags,
  signal: AbortSignal,
): Promise<void> {
  refuseContradictions(flags);
  const platform =
    flags.platform === undefined ? overriddenPlatform(flags) : parsePlatform(flags.platform);
  const reference = await parseImageName(name, { ...sideOf({ ...flags }, ""), platform });
  const notices: Notice[] = [];
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const question = { flags, platform, signal, onNotice };
  const told = await withRetries(flags, signal, async () => answer(reference, question, notices));
  if (!isSummary(flags)) notices.forEach(noticeTeller());
  await (isPlainJSON(flags) && !flags.raw ? writeResult(String(told)) : writeUnchanged(told));
}

interface Question {
  readonly flags: InspectFlags;
  readonly platform: Platform;
  readonly signal: AbortSignal;
  readonly onNotice: (notice: Notice) => void;
}

async function answer(
  reference: ImageReference,
  question: Question,
  notices: readonly Notice[],
): Promise<string | Uint8Array> {
  const { flags } = question;
  await using source = await reference.newImageSource(question);
  if (flags.raw && !flags.config) return (await new UnparsedImage(source).manifest(question)).bytes;
  const image = await imageOf(source, question);
  if (!flags.config) {
    const summary = await summaryOf(image, reference, question);
    return formatted({ ...summary, ...noticeFields(notices) }, flags);
  }
  const config = await image.configBlob(question);
  if (flags.raw) return config;
  const parsed = parseConfig(config);
  return formatted(isPlainJSON(flags) ? parsed : configFields(parsed), flags);
}

async function summaryOf(
  image: Image,
  reference: ImageReference,
  { flags, signal, onNotice }: Question,
): Promise<object> {
  const manifest = parseManifest(image.instance) as ImageManifest;
  const [tags, info] = await Promise.all([
    flags.noTags ? [] : tagsBeside(reference, { signal, onNotice }),
    isArtifact(manifest) ? undefined : image.inspect({ signal, onNotice }),
  ]);
  return info === undefined
    ? artifactSummary(image, tags, manifest)
    : imageSummary(image, tags, info);
}

/** Whether what a registry had to say is part of the output. */
function isSummary(flags: InspectFlags): boolean {
  return !flags.raw && !flags.config && isPlainJSON(flags);
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
