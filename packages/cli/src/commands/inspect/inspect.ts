import { ImageError, imageOf, parsePlatform, UnparsedImage } from "@drayage/core";
import type { Image, ImageReference, Notice, OperationOptions, Platform } from "@drayage/core";
import { parseJSONObject } from "@drayage/core/json";
import { configShape, isArtifact, parseManifest } from "@drayage/core/manifest";
import type { ImageManifest } from "@drayage/core/manifest";

import { overriddenPlatform, refuseTwoPlatforms } from "../../flags/platform-flags.ts";
import { sideOf } from "../../flags/side-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { parseImageName } from "../../images/image-name.ts";
import { tagsBeside } from "../../images/tags.ts";
import { formatJSON } from "../../process/json-text.ts";
import { noticeLogger } from "../../process/notice-lines.ts";
import { withRetries } from "../../process/retry.ts";
import { writeResult, writeUnchanged } from "../../process/standard-streams.ts";
import { goConfig } from "./config-schema.ts";
import { renderTemplate } from "./go-template.ts";
import type { GoStruct } from "./go-values.ts";
import { artifactSummary, imageSummary, summaryFields } from "./image-summary.ts";
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
  const requirePlatform = flags.platform !== undefined;
  const request = { flags, platform, requirePlatform, signal, onNotice };
  const output = await withRetries(flags, signal, async () =>
    outputOf(reference, request, notices),
  );
  if (!isSummary(flags)) notices.forEach(noticeLogger());
  await (isPlainJSON(flags) && !flags.raw ? writeResult(String(output)) : writeUnchanged(output));
}

interface InspectRequest {
  readonly flags: InspectFlags;
  readonly platform: Platform;
  readonly requirePlatform: boolean;
  readonly signal: AbortSignal;
  readonly onNotice: (notice: Notice) => void;
}

async function outputOf(
  reference: ImageReference,
  request: InspectRequest,
  notices: readonly Notice[],
): Promise<string | Uint8Array> {
  const { flags } = request;
  await using source = await reference.newImageSource(request);
  if (flags.raw && !flags.config) return (await new UnparsedImage(source).manifest(request)).bytes;
  const image = await imageOf(source, request);
  if (!flags.config) {
    const summary = await summaryOf(image, reference, request);
    return formatted(summaryFields({ ...summary, ...noticeFields(notices) }), flags);
  }
  if (flags.raw) return await storedConfigOf(image, request);
  return formatted(await configOf(image, request), flags);
}

/** @throws ImageError `invalid-manifest` */
async function configOf(image: Image, request: OperationOptions): Promise<GoStruct> {
  const config = (await image.configBlob(request)) ?? (await image.ociConfig(request));
  return goConfig(parseJSONObject("image config", config, configShape).value);
}

async function storedConfigOf(image: Image, request: OperationOptions): Promise<Uint8Array> {
  const config = await image.configBlob(request);
  if (config !== undefined) return config;
  throw new ImageError(
    "unsupported",
    "A manifest of schema 1 has no config; remove --raw to print the one it can be converted to",
  );
}

async function summaryOf(
  image: Image,
  reference: ImageReference,
  { flags, signal, onNotice }: InspectRequest,
): Promise<object> {
  const manifest = parseManifest(image.instance);
  const [tags, info] = await Promise.all([
    flags.noTags ? [] : tagsBeside(reference, { signal, onNotice }),
    manifest.kind === "image" && isArtifact(manifest)
      ? undefined
      : image.inspect({ signal, onNotice }),
  ]);
  if (info === undefined) return artifactSummary(image, tags, manifest as ImageManifest);
  return imageSummary(image, tags, info, await configOf(image, { signal, onNotice }));
}

/** Whether the registry's notices are part of the output. */
function isSummary(flags: InspectFlags): boolean {
  return !flags.raw && !flags.config && isPlainJSON(flags);
}

function formatted(data: GoStruct, flags: InspectFlags): string {
  return isPlainJSON(flags) ? formatJSON(data) : renderTemplate(flags.format ?? "", data);
}

/** `json` and `{{json .}}` are the same as no template. */
function isPlainJSON({ format }: InspectFlags): boolean {
  return format === undefined || /^(?:json|\{\{\s*json\s*(?:\.\s*)?\}\})?$/.test(format.trim());
}

function refuseContradictions(flags: InspectFlags): void {
  if (flags.raw && flags.format !== undefined) {
    throw new UsageError("--raw prints unchanged bytes; remove --format");
  }
  refuseTwoPlatforms(flags.platform, flags);
}
