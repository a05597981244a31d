import { checksumAlgorithms, checksumHeader, findAlgorithm } from "./checksum.ts";
import type { ChecksumAlgorithm } from "./checksum.ts";
import { S3Error } from "./s3-error.ts";
import type { Call } from "./s3-state.ts";

/** The checksum that a request declares. The value is undefined if it follows in a trailer. */
export interface NamedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string | undefined;
}

/** The checksum in a header or trailer of the request. @throws S3Error */
export function namedChecksum({ headers }: Call): NamedChecksum | undefined {
  const trailer = headers["x-amz-trailer"]?.toLowerCase();
  const named = checksumAlgorithms.filter((algorithm) => {
    const header = checksumHeader(algorithm);
    return headers[header] !== undefined || trailer === header;
  });
  const [algorithm] = named;
  if (named.length > 1) {
    throw invalid(
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const announced = headers["x-amz-sdk-checksum-algorithm"];
  if (announced !== undefined && findAlgorithm(announced.toUpperCase()) !== algorithm) {
    throw invalid(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  return algorithm && { algorithm, value: headers[checksumHeader(algorithm)] };
}

/** @throws S3Error `BadDigest`, `InvalidRequest` for an invalid checksum */
export function checkChecksum(
  { algorithm, value: inHeader }: NamedChecksum,
  trailers: ReadonlyMap<string, string>,
  computed: Buffer | undefined,
): void {
  const declared = inHeader ?? trailers.get(checksumHeader(algorithm));
  const header = checksumHeader(algorithm);
  const value = Buffer.from(declared ?? "", "base64");
  if (value.byteLength !== computed?.byteLength || value.toString("base64") !== declared) {
    throw invalid(`Value for ${header} header is invalid.`);
  }
  if (value.equals(computed)) return;
  throw new S3Error(
    "BadDigest",
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );
}

/** @throws S3Error `BadDigest`, `InvalidDigest` */
export function checkMd5({ headers }: Call, computed: Buffer): void {
  const declared = headers["content-md5"];
  if (declared === undefined) return;
  const value = Buffer.from(declared, "base64");
  if (value.byteLength !== 16 || value.toString("base64") !== declared) {
    throw new S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  if (value.equals(computed)) return;
  throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.", {
    details: {
      ExpectedDigest: value.toString("hex"),
      CalculatedDigest: computed.toString("hex"),
    },
  });
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", message);
}
