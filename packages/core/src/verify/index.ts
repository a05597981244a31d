import "../supported-node.ts";

export type { BlobOutcome, VerifyEvent } from "./verify-event.ts";
export { verifyImage } from "./verify-image.ts";
export type { VerifyOptions } from "./verify-options.ts";
export type { FoundBytes, ImagePart, VerifyProblem } from "./verify-problem.ts";
export type { VerifiedContent, VerifyResult } from "./verify-result.ts";
