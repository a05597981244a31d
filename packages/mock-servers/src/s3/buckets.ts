import { receiveDocument } from "./payload.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf, emptyBucket } from "./s3-state.ts";
import type { Handler } from "./s3-state.ts";
import { findText } from "./xml-document.ts";
import { xmlAnswer } from "./xml.ts";

/** Creates a bucket in the region of this endpoint. Regions other than us-east-1 require a location constraint. */
export const createBucket: Handler = async (call, state) => {
  const { bucket, headers } = call;
  const { buckets, region } = state;
  checkBucketName(bucket);
  const hasBody = headers["transfer-encoding"] !== undefined || headers["content-length"] !== "0";
  const asked = hasBody ? findText(await receiveDocument(call, state), "LocationConstraint") : "";
  if ((asked === "" || asked === undefined ? "us-east-1" : asked) !== region) {
    throw new S3Error(
      "IllegalLocationConstraintException",
      `The ${asked === "" ? "unspecified" : asked} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  const isAnew = buckets.has(bucket) && region === "us-east-1";
  if (buckets.has(bucket) && !isAnew) {
    throw new S3Error(
      "BucketAlreadyOwnedByYou",
      "Your previous request to create the named bucket succeeded and you already own it.",
      { details: { BucketName: bucket } },
    );
  }
  if (!isAnew) buckets.set(bucket, emptyBucket(bucket));
  return { status: 200, headers: { Location: `/${bucket}` } };
};

export const headBucket: Handler = (call, state) => {
  bucketOf(call, state);
  return { status: 200, headers: { "x-amz-bucket-region": state.region } };
};

/** The location of us-east-1 is an empty element. */
export const getBucketLocation: Handler = (call, state) => {
  bucketOf(call, state);
  return xmlAnswer("LocationConstraint", state.region === "us-east-1" ? "" : state.region);
};

/** "Bucket naming rules". @throws S3Error `InvalidBucketName` */
function checkBucketName(name: string): void {
  const isName = /^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(name);
  if (isName && !name.includes("..") && !/^\d+\.\d+\.\d+\.\d+$/.test(name)) return;
  throw new S3Error("InvalidBucketName", "The specified bucket is not valid.", {
    details: { BucketName: name },
  });
}
