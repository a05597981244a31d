import type { CopyOptions, CopyPlan } from "@drayage/core";

/** A plan with the options that it was made with, for a file. It contains no credentials and no keys. */
export interface StoredPlan {
  readonly plan: CopyPlan;
  readonly options: RecordedOptions;
}

/** The names of the options that a plan records. The others are passed again when it is applied. */
export type RecordedOption =
  | "instances"
  | "platform"
  | "requirePlatform"
  | "missingInstances"
  | "preserveDigests"
  | "manifestMIMEType"
  | "compression"
  | "ensureCompressionVariantsExist"
  | "removeSignatures"
  | "digestAlgorithm"
  | "referrers"
  | "conversionLedger"
  | "downloadForeignLayers"
  | "repair";

/** The options that determine a plan. */
export type RecordedOptions = Pick<CopyOptions, RecordedOption>;

/** The options that are passed again when a plan is applied: keys, the policy, the cache and the receivers of events. */
export type ApplyOptions = Omit<CopyOptions, RecordedOption>;

/** Whether an option is recorded. A new option of copies does not compile until it is here. */
const isRecorded = {
  instances: true,
  platform: true,
  requirePlatform: true,
  missingInstances: true,
  preserveDigests: true,
  manifestMIMEType: true,
  compression: true,
  ensureCompressionVariantsExist: true,
  removeSignatures: true,
  digestAlgorithm: true,
  referrers: true,
  conversionLedger: true,
  downloadForeignLayers: true,
  repair: true,
  compressors: false,
  encryption: false,
  decryption: false,
  maxLayerSize: false,
  decompress: false,
  policy: false,
  cache: false,
  parallelBlobs: false,
  onEvent: false,
  signal: false,
  retries: false,
  onNotice: false,
} as const satisfies Record<RecordedOption, true> &
  Record<Exclude<keyof CopyOptions, RecordedOption>, false>;

/** The options that are not recorded. */
export function passedOptions(options: ApplyOptions): ApplyOptions {
  const entries = Object.entries(options).filter(
    ([name]) => !isRecorded[name as keyof CopyOptions],
  );
  return Object.fromEntries(entries) as ApplyOptions;
}

/** The recorded options among all options of a copy, without those that are not set. */
export function recordedOptions(options: CopyOptions): RecordedOptions {
  const entries = Object.entries(options).filter(
    ([name, value]) => value !== undefined && isRecorded[name as keyof CopyOptions],
  );
  return Object.fromEntries(entries) as RecordedOptions;
}
