import { createHash } from "node:crypto";

import { S3Error } from "./s3-error.ts";
import { hmac, isSame } from "./signature.ts";
import type { Signature } from "./signature.ts";

/** The minimum size of a chunk that is not the last. */
const minChunkSize = 8192;
const maxLineLength = 16_384;

/**
 * Decodes a body in signed or unsigned chunks. Yields each chunk after its signature is verified, and stores the
 * trailers in `trailers` ("Signature Calculations for the Authorization Header: Transferring Payload in Multiple
 * Chunks", "… Including Trailing Headers"). @throws S3Error
 */
export async function* unchunked(
  body: AsyncIterable<Uint8Array>,
  signature: Signature | undefined,
  trailers: Map<string, string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new Input(body);
  const isSigned = signature?.payload.startsWith("STREAMING-AWS4") === true;
  const chain = signature !== undefined && isSigned ? new SignatureChain(signature) : undefined;
  for (let isLast = false, before = Infinity; !isLast;) {
    const { size, signed } = parseChunkHeader(await input.line());
    isLast = size === 0;
    if (!isLast && before < minChunkSize) {
      throw new S3Error(
        "InvalidChunkSizeError",
        `Only the last chunk is allowed to have a size less than ${minChunkSize} bytes`,
      );
    }
    before = size;
    const chunk = await input.bytes(size);
    chain?.checkChunk(chunk, signed);
    if (isLast) break;
    yield chunk;
    if ((await input.line()) !== "") throw malformedChunk();
  }
  await readTrailers(input, trailers, chain);
}

function parseChunkHeader(line: string): { readonly size: number; readonly signed: string } {
  const [, size, signed = ""] =
    /^([\da-f]{1,12})(?:;chunk-signature=([\da-f]{64}))?$/i.exec(line) ?? [];
  if (size === undefined) throw malformedChunk();
  return { size: Number.parseInt(size, 16), signed };
}

async function readTrailers(
  input: Input,
  trailers: Map<string, string>,
  chain: SignatureChain | undefined,
): Promise<void> {
  let signed: string | undefined;
  let canonical = "";
  for (let line = await input.line(); line !== ""; line = await input.line()) {
    const [, name = "", value = ""] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === "") {
      throw new S3Error(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed.",
      );
    }
    if (name === "x-amz-trailer-signature") signed = value;
    else {
      trailers.set(name.toLowerCase(), value);
      canonical += `${name.toLowerCase()}:${value}\n`;
    }
  }
  if (canonical !== "") chain?.checkTrailers(canonical, signed ?? "");
}

/** Each signature includes the previous one, so that chunks cannot be reordered or removed. */
class SignatureChain {
  readonly #signature: Signature;
  #previous: string;

  constructor(signature: Signature) {
    this.#signature = signature;
    this.#previous = signature.signature;
  }

  checkChunk(chunk: Uint8Array, signed: string): void {
    this.#check("AWS4-HMAC-SHA256-PAYLOAD", [sha256(""), sha256(chunk)], signed);
  }

  checkTrailers(trailers: string, signed: string): void {
    this.#check("AWS4-HMAC-SHA256-TRAILER", [sha256(trailers)], signed);
  }

  #check(kind: string, hashes: readonly string[], signed: string): void {
    const { timestamp, scope, signingKey } = this.#signature;
    const text = [kind, timestamp, scope, this.#previous, ...hashes].join("\n");
    const right = hmac(signingKey, text).toString("hex");
    if (!isSame(right, signed)) {
      throw new S3Error(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        { details: { StringToSign: text } },
      );
    }
    this.#previous = right;
  }
}

/** Reads lines and byte counts from a stream. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /** Without the line end. Also empty at the end of the body. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#rest.toString("latin1", 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      if (this.#rest.byteLength > maxLineLength) throw malformedChunk();
      if (await this.#more()) continue;
      if (this.#rest.byteLength === 0) return "";
      throw incompleteBody();
    }
  }

  async bytes(size: number): Promise<Uint8Array> {
    const parts: Buffer[] = [];
    for (let missing = size; missing > 0;) {
      if (this.#rest.byteLength === 0 && !(await this.#more())) throw incompleteBody();
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.byteLength);
      missing -= part.byteLength;
      parts.push(part);
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#rest =
      this.#rest.byteLength === 0 ? Buffer.from(value) : Buffer.concat([this.#rest, value]);
    return true;
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function incompleteBody(): S3Error {
  return new S3Error("IncompleteBody", "The request body terminated unexpectedly");
}

function malformedChunk(): S3Error {
  return new S3Error("InvalidRequest", "The body is not in the aws-chunked format");
}
