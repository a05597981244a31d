export type {
  BreakKind,
  Fault,
  PlannedFault,
  ErrorStatus,
  RetryAfter,
  SeededFaults,
} from "./faults/fault.ts";
export { startFaultProxy } from "./faults/fault-proxy.ts";
export type { FaultProxy } from "./faults/fault-proxy.ts";
export type { FaultProxySettings } from "./faults/fault-proxy-settings.ts";
export type { RedirectedRequest } from "./faults/other-origin.ts";
export type { TransferCounts, ProxiedRequest } from "./faults/proxied-request.ts";
export type { SeenRequest } from "./faults/seen-request.ts";
export { startSlowProxy } from "./faults/slow-proxy.ts";
export type { SlowProxy, SlowProxySettings } from "./faults/slow-proxy.ts";
export { s3ErrorStatuses } from "./s3/s3-error.ts";
export type { S3ErrorCode } from "./s3/s3-error.ts";
export type { S3Access } from "./s3/s3-access.ts";
export type { FoundObject, FoundUpload, PutOptions, S3Bucket } from "./s3/s3-bucket.ts";
export type { PlannedS3Fault, S3Fault, SeededS3Faults } from "./s3/s3-fault.ts";
export type { LoggedS3Request, OperationName, RequestPrice } from "./s3/s3-log.ts";
export { startS3 } from "./s3/s3-server.ts";
export type { S3Server } from "./s3/s3-server.ts";
export type { S3Action, S3Credentials, S3Moment, S3Settings } from "./s3/s3-settings.ts";
