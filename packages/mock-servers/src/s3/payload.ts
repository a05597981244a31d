import { createHash } from "node:crypto";

import { readAll } from "@drayage/core/content";

import { checkChecksum, checkMd5, namedChecksum } from "./body-checksums.ts";
import { checksumHasher } from "./checksum.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksum.ts";
import type { Segment } from "./content.ts";
import { S3Error } from "./s3-error.ts";
import type { Call, S3State } from "./s3-state.ts";
import { verifiedBytes, lengthOf } from "./verified-body.ts";
import { malformed, parseXml } from "./xml-document.ts";
import type { XmlElement } from "./xml-document.ts";

/** A complete body that matches its headers. */
export interface Received {
  readonly segment: Segment;
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

const documentLimit = 1 << 20;
const gibibyte = 1 << 30;

/** Stores a body. `algorithm` is the default checksum algorithm. @throws S3Error */
export async function receive(
  call: Call,
  state: S3State,
  algorithm: ChecksumAlgorithm,
): Promise<Received> {
  const { settings, contents } = state;
  const { maxRequestSize = 5 * gibibyte, checksums = true } = settings;
  const length = lengthOf(call);
  if (length > maxRequestSize) {
    throw new S3Error(
      "EntityTooLarge",
      "Your proposed upload exceeds the maximum allowed object size.",
      { details: { ProposedSize: length, MaxSizeAllowed: maxRequestSize } },
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
    for await (const chunk of verifiedBytes(call, trailers)) {
      md5.update(chunk);
      hasher?.update(chunk);
      yield chunk;
    }
    checkMd5(call, md5.copy().digest());
    computed = hasher?.digest();
    if (named !== undefined) checkChecksum(named, trailers, computed);
  }
}

/** Reads the document of a request. Its checksum header may belong to the object instead. @throws S3Error */
export async function receiveDocument(
  call: Call,
  { settings: { checksums = true } }: S3State,
  checksumOf: "document" | "object" = "document",
): Promise<XmlElement> {
  const trailers = new Map<string, string>();
  if (lengthOf(call) > documentLimit) {
    throw new S3Error("MaxMessageLengthExceeded", "Your request was too large.");
  }
  const bytes = await readAll(verifiedBytes(call, trailers), Infinity);
  checkMd5(call, createHash("md5").update(bytes).digest());
  const named = checksums && checksumOf === "document" ? namedChecksum(call) : undefined;
  if (named !== undefined) {
    const hasher = checksumHasher(named.algorithm);
    hasher.update(bytes);
    checkChecksum(named, trailers, hasher.digest());
  }
  if (bytes.byteLength === 0) throw malformed();
  return parseXml(Buffer.from(bytes).toString());
}
