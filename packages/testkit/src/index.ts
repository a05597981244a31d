export { assertNoImage, assertImage } from "./conformance/checks.ts";
export { assertContent } from "./conformance/content.ts";
export { conformance, requirements } from "./conformance/conformance.ts";
export type { ConformanceCheck } from "./conformance/conformance.ts";
export type {
  Abilities,
  Preserved,
  Requirement,
  Overwriting,
  TransportUnderTest,
} from "./conformance/requirement.ts";
export type { AssembledImage, ImageFormat } from "./random/assembled-image.ts";
export { imageFromFiles } from "./random/image-from-files.ts";
export type { ImageFile, ImageFromFilesOptions } from "./random/image-from-files.ts";
export { randomArtifact } from "./random/random-artifact.ts";
export type { RandomArtifactOptions } from "./random/random-artifact.ts";
export { randomImage } from "./random/random-image.ts";
export type { RandomImageOptions } from "./random/random-image.ts";
export { randomIndex } from "./random/random-index.ts";
export type { RandomIndexOptions } from "./random/random-index.ts";
export { descriptorOf, firstImageOf } from "./random/whole-image.ts";
export type { WholeImage, WholeManifest } from "./random/whole-image.ts";
export { inMemory, putBlobs, putImage, writeImage } from "./random/write-image.ts";
export { SeededRandom } from "./random/seeded-random.ts";
