import { Readable } from "node:stream";

import { ImageError, isImageError } from "@drayage/core";
import { readAll } from "@drayage/core/content";

import { checkXML } from "./plain-xml.ts";
import { receivedBytes } from "./received-bytes.ts";

/** Bytes. A page of a list has 1000 escaped keys of up to 1 KiB. */
const maxSize = 16 << 20;
/** Milliseconds of waiting at less than 1 KiB per second. */
const slowTimeout = 30_000;
/** The same while a store assembles an object. It sends spaces meanwhile to keep the connection open. */
const storingTimeout = 1_800_000;

/**
 * Reads a response body that is not an object, within limits of size and time. `root` is its expected root element.
 * @throws ImageError `unavailable` for a larger body; `unsupported` for an invalid response of S3; any error of the body
 */
export async function boundedResponse(
  body: Readable,
  method: string,
  root?: RegExp,
): Promise<Readable> {
  const isStoring = method === "POST" || method === "PUT";
  const bytes = receivedBytes(body, { slowTimeout: isStoring ? storingTimeout : slowTimeout });
  try {
    const content = await readAll(bytes, maxSize);
    checkXML(content, root);
    return Readable.from([content]);
  } catch (error) {
    if (!isImageError(error) || error.code === "unsupported") throw error;
    const message = `The store answered with more than ${maxSize} bytes instead of a list or an error; check the endpoint`;
    throw new ImageError("unavailable", message, { cause: error, retryable: false });
  }
}
