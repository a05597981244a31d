import { Readable } from "node:stream";

import { ImageError, isImageError } from "@drayage/core";
import { readAll } from "@drayage/core/content";

import { checkXML } from "./plain-xml.ts";
import { receivedBytes } from "./received-bytes.ts";

/** Bytes. A page of a list has 1000 keys of up to 1 KiB, escaped. */
const maxSize = 16 << 20;
/** Milliseconds for which an answer may come slower than 1 KiB a second. */
const patience = 30_000;
/** The same while a store puts an object together: until then it sends spaces to keep the connection. */
const storingPatience = 1_800_000;

/**
 * The body of an answer that the SDK would read whole, read within limits of size and time. `root` is the element that
 * an answer has to begin with, where that is known.
 * @throws ImageError `unavailable` for a larger one; `unsupported` for what is no answer of S3; what the body breaks off
 * with
 */
export async function smallAnswer(
  body: Readable,
  method: string,
  root?: RegExp,
): Promise<Readable> {
  const isStoring = method === "POST" || method === "PUT";
  const bytes = receivedBytes(body, { patience: isStoring ? storingPatience : patience });
  try {
    const content = await readAll(bytes, maxSize);
    checkXML(content, root);
    return Readable.from([content]);
  } catch (error) {
    if (!isImageError(error) || error.code === "unsupported") throw error;
    const message = `The store answered with more than ${maxSize} bytes where a list or an error was expected`;
    throw new ImageError("unavailable", message, { cause: error, retryable: false });
  }
}
