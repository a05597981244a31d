import { createHash } from "node:crypto";

import { gathered } from "@drayage/core";

import { unchunked } from "./aws-chunked.ts";
import { checksumAlgorithms, checksumHasher, checksumHeader, findAlgorithm } from "./checksum.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksum.ts";
import type { Segment } from "./content.ts";
import { S3Refusal } from "./refusal.ts";
import type { Call, S3State } from "./s3-state.ts";
import { malformed, parseXml } from "./xml-document.ts";
import type { XmlElement } from "./xml-document.ts";

/** A body that came whole and was what its headers say. */
export interface Received {
  readonly segment: Segment;
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

const documentLimit = 1 << 20;
const gibibyte = 1 << 30;

/** Keeps the bytes of a body; `algorithm` is used where the request names none. @throws S3Refusal */
export async function receive(
  call: Call,
  state: S3State,
  algorithm: ChecksumAlgorithm,
): Promise<Received> {
  const { settings, contents } = state;
  const { largestRequest = 5 * gibibyte, checksums = true } = settings;
  const length = lengthOf(call);
  if (length > largestRequest) {
    throw new S3Refusal(
      "EntityTooLarge",
      "Your proposed upload exceeds the maximum allowed object size.",
      { details: { ProposedSize: length, MaxSizeAllowed: largestRequest } },
    );
  }
  const named = checksums ? namedChecksum(call) : undefined;
  const used = named?.algorithm ?? algorithm;
  const [md5, hasher] = [createHash("md5"), checksums ? checksumHasher(used) : undefined];
  const trailers = new Map<string, string>();
  let computed: Buffer | undefined;
  const segment = await contents.add(checkedBytes());
  const value = computed?.toString("base64");
  return {
    segment,
    md5: md5.digest("hex"),
    checksum: value === undefined ? undefined : { algorithm: used, type: "FULL_OBJECT", value },
  };

  async function* checkedBytes(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of believedBytes(call, trailers)) {
      md5.update(chunk);
      hasher?.update(chunk);
      yield chunk;
    }
    checkMd5(call, md5.copy().digest());
    computed = hasher?.digest();
    if (named === undefined) return;
    const said = named.value ?? trailers.get(checksumHeader(named.algorithm));
    checkChecksum(named.algorithm, said, computed);
  }
}

/** Reads the document that a request brings; its checksum may also be that of something else. @throws S3Refusal */
export async function receiveDocument(
  call: Call,
  { settings: { checksums = true } }: S3State,
  checksumOf: "document" | "object" = "document",
): Promise<XmlElement> {
  const trailers = new Map<string, string>();
  if (lengthOf(call) > documentLimit) {
    throw new S3Refusal("MaxMessageLengthExceeded", "Your request was too large.");
  }
  const bytes = await gathered(believedBytes(call, trailers), Infinity);
  checkMd5(call, createHash("md5").update(bytes).digest());
  const named = checksums && checksumOf === "document" ? namedChecksum(call) : undefined;
  if (named !== undefined) {
    const hasher = checksumHasher(named.algorithm);
    hasher.update(bytes);
    const said = named.value ?? trailers.get(checksumHeader(named.algorithm));
    checkChecksum(named.algorithm, said, hasher.digest());
  }
  if (bytes.byteLength === 0) throw malformed();
  return parseXml(Buffer.from(bytes).toString());
}

/** The bytes that were meant, without frames; ends in an error where the signature is for others. */
async function* believedBytes(
  call: Call,
  trailers: Map<string, string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { body, headers, signature } = call;
  const payload = signature?.payload ?? headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD";
  const isChunked = payload.startsWith("STREAMING-");
  const sha256 = /^[\da-f]{64}$/.test(payload) ? createHash("sha256") : undefined;
  let size = 0;
  for await (const chunk of isChunked ? unchunked(body, signature, trailers) : body) {
    sha256?.update(chunk);
    size += chunk.byteLength;
    yield chunk;
  }
  if (size !== lengthOf(call)) {
    throw new S3Refusal(
      "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    );
  }
  const computed = sha256?.digest("hex");
  if (computed === undefined || computed === payload) return;
  throw new S3Refusal(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { details: { ClientComputedContentSHA256: payload, S3ComputedContentSHA256: computed } },
  );
}

/** Of the bytes that are meant. @throws S3Refusal `MissingContentLength`, `NotImplemented` for a body of unknown length */
function lengthOf({ headers, signature }: Call): number {
  const payload = signature?.payload ?? headers["x-amz-content-sha256"];
  const isChunked = payload?.startsWith("STREAMING-") === true;
  const length = headers[isChunked ? "x-amz-decoded-content-length" : "content-length"];
  if (length !== undefined && /^\d+$/.test(length)) return Number(length);
  if (!isChunked && headers["transfer-encoding"] !== undefined) {
    throw new S3Refusal(
      "NotImplemented",
      "A header you provided implies functionality that is not implemented",
      { details: { Header: "Transfer-Encoding" } },
    );
  }
  throw new S3Refusal("MissingContentLength", "You must provide the Content-Length HTTP header.");
}

/** The one checksum that comes with a request, in a header or, `value` undefined, behind its body. */
function namedChecksum({
  headers,
}: Call):
  | { readonly algorithm: ChecksumAlgorithm; readonly value: string | undefined }
  | undefined {
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

function checkChecksum(
  algorithm: ChecksumAlgorithm,
  said: string | undefined,
  computed: Buffer | undefined,
): void {
  const header = checksumHeader(algorithm);
  const value = Buffer.from(said ?? "", "base64");
  if (value.byteLength !== computed?.byteLength || value.toString("base64") !== said) {
    throw invalid(`Value for ${header} header is invalid.`);
  }
  if (value.equals(computed)) return;
  throw new S3Refusal(
    "BadDigest",
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );
}

function checkMd5({ headers }: Call, computed: Buffer): void {
  const said = headers["content-md5"];
  if (said === undefined) return;
  const value = Buffer.from(said, "base64");
  if (value.byteLength !== 16 || value.toString("base64") !== said) {
    throw new S3Refusal("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  if (value.equals(computed)) return;
  throw new S3Refusal(
    "BadDigest",
    "The Content-MD5 you specified did not match what we received.",
    {
      details: {
        ExpectedDigest: value.toString("hex"),
        CalculatedDigest: computed.toString("hex"),
      },
    },
  );
}

function invalid(message: string): S3Refusal {
  return new S3Refusal("InvalidRequest", message);
}
