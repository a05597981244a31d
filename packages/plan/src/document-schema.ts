import type { InstanceSelection, ReferrerSelection } from "@drayage/core";
import type { CompressionRequest, CompressionVariant } from "@drayage/core/copy";
import * as v from "valibot";

import { count, exactly, text } from "./document-values.ts";
import { planSchema, platformSchema } from "./plan-schema.ts";
import type { RecordedOptions, StoredPlan } from "./stored-plan.ts";

/** The version of the document. A reader accepts no other one. */
export const documentVersion = 1;

/** The JSON document of a stored plan. */
export interface PlanDocument extends StoredPlan {
  readonly kind: "drayage-plan";
  readonly version: typeof documentVersion;
}

const zstdFrames = v.optional(v.picklist(["one", "parallel"]));

const compressionRequest = exactly<CompressionRequest>()({
  format: v.optional(text),
  level: v.optional(count),
  zstdFrames,
  force: v.optional(v.boolean()),
});

const instances: v.GenericSchema<unknown, InstanceSelection> = v.union([
  v.picklist(["system", "all", "index-only"]),
  exactly<Extract<InstanceSelection, object>>()({ platforms: v.array(platformSchema) }),
]);

const ledgerOptions = exactly<Extract<RecordedOptions["conversionLedger"], object>>()({
  tool: v.optional(text),
  created: v.optional(text),
});

const optionsSchema = exactly<RecordedOptions>()({
  instances: v.optional(instances),
  platform: v.optional(platformSchema),
  requirePlatform: v.optional(v.boolean()),
  missingInstances: v.optional(v.picklist(["strip", "keep"])),
  preserveDigests: v.optional(v.boolean()),
  manifestMIMEType: v.optional(text),
  compression: v.optional(v.union([v.picklist(["gzip", "zstd", "none"]), compressionRequest])),
  ensureCompressionVariantsExist: v.optional(
    v.array(exactly<CompressionVariant>()({ format: text, level: v.optional(count), zstdFrames })),
  ),
  digestAlgorithm: v.optional(v.picklist(["sha256", "sha384", "sha512"])),
  removeSignatures: v.optional(v.boolean()),
  referrers: v.optional(
    v.union([v.boolean(), exactly<ReferrerSelection>()({ artifactTypes: v.array(text) })]),
  ),
  conversionLedger: v.optional(v.union([v.boolean(), ledgerOptions])),
  downloadForeignLayers: v.optional(v.boolean()),
  repair: v.optional(v.boolean()),
});

/** The schema of the document. */
export const documentSchema: v.GenericSchema<unknown, PlanDocument> = exactly<PlanDocument>()({
  kind: v.literal("drayage-plan"),
  version: v.literal(documentVersion),
  plan: planSchema,
  options: optionsSchema,
});
