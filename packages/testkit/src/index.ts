export { hostileArchives, smallArchive, smallArchiveBut } from "./archives/hostile-archives.ts";
export type { HostileArchive } from "./archives/hostile-archives.ts";
export { tarFile, tarMember, tarRecord } from "./archives/tar-file.ts";
export type { TarFileMember } from "./archives/tar-file.ts";
export { isNotThere, isThere } from "./conformance/checks.ts";
export { hasContent } from "./conformance/content.ts";
export { conformance, requirements } from "./conformance/conformance.ts";
export type { ConformanceCheck } from "./conformance/conformance.ts";
export type {
  Abilities,
  Preserved,
  Requirement,
  Rewriting,
  TransportUnderTest,
} from "./conformance/requirement.ts";
export { isCephInstalled, startCeph } from "./servers/ceph.ts";
export type { Ceph } from "./servers/ceph.ts";
export { distributionProgram, startDistribution } from "./servers/distribution.ts";
export type { Distribution, DistributionSettings } from "./servers/distribution.ts";
export { dockerdProgram, startDockerd } from "./servers/dockerd.ts";
export type { Dockerd, DockerdSettings } from "./servers/dockerd.ts";
export type {
  BreakKind,
  Fault,
  PlannedFault,
  RefusalStatus,
  RetryAfter,
  SeededFaults,
} from "./faults/fault.ts";
export { startFaultProxy } from "./faults/fault-proxy.ts";
export type { FaultProxy } from "./faults/fault-proxy.ts";
export type { FaultProxySettings } from "./faults/fault-proxy-settings.ts";
export type { RequestElsewhere } from "./faults/elsewhere.ts";
export type { Passed, PassedRequest } from "./faults/passed-request.ts";
export type { SeenRequest } from "./faults/seen-request.ts";
export { startSlowLine } from "./faults/slow-line.ts";
export type { SlowLine, SlowLineSettings } from "./faults/slow-line.ts";
export { newAuthority, opensslProgram } from "./servers/authority.ts";
export type { Authority, KeyPair } from "./servers/authority.ts";
export { findProgram, outputOf } from "./servers/program.ts";
export { startTokenServer } from "./servers/token-server.ts";
export type { TokenServer, TokenServerSettings, TrustedTokens } from "./servers/token-server.ts";
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
export type {
  BasicAuthentication,
  BearerAuthentication,
  RegistryAuthentication,
  RegistryUser,
  RegistryUsers,
  RepositoryAction,
  RepositoryRights,
} from "./registry/authentication.ts";
export type {
  Answer,
  Interception,
  Misbehaviour,
  ReceivedRequest,
  ServerName,
} from "./registry/exchange.ts";
export { startRegistry } from "./registry/registry.ts";
export type { Registry } from "./registry/registry.ts";
export type { RegistrySettings } from "./registry/registry-settings.ts";
export type { StoredManifest } from "./registry/repositories.ts";
export type { AuthorizationKind, LoggedRequest } from "./registry/request-log.ts";
export { s3ErrorStatuses } from "./s3/refusal.ts";
export type { S3ErrorCode } from "./s3/refusal.ts";
export type { S3Access } from "./s3/s3-access.ts";
export type { FoundObject, FoundUpload, PutOptions, S3Bucket } from "./s3/s3-bucket.ts";
export type { PlannedS3Fault, S3Fault, SeededS3Faults } from "./s3/s3-fault.ts";
export type { LoggedS3Request, OperationName, RequestPrice } from "./s3/s3-log.ts";
export { startS3 } from "./s3/s3-server.ts";
export type { S3Server } from "./s3/s3-server.ts";
export type { S3Action, S3Credentials, S3Moment, S3Settings } from "./s3/s3-settings.ts";
