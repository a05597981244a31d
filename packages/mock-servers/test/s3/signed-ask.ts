import { createHash, createHmac } from "node:crypto";

import { ask } from "@drayage/test-support";
import type { Question, Reply } from "@drayage/test-support";
import { SignatureV4 } from "@smithy/signature-v4";

import type { S3Access } from "../../src/s3/s3-access.ts";

export interface SignedQuestion extends Question {
  /** The payload hash; the default is the SHA-256 of the body. */
  readonly payload?: string;
  /** The default is now. */
  readonly date?: Date;
  readonly credentials?: S3Access["credentials"];
  readonly region?: string;
  /** Headers that are not signed. */
  readonly unsigned?: Readonly<Record<string, string>>;
}

export async function signedAsk(
  access: S3Access,
  line: string,
  question: SignedQuestion = {},
): Promise<Reply> {
  const { unsigned, body, headers } = question;
  const signed = await signedHeaders(access, line, question);
  const sent = { ...question, headers: { ...signed, ...headers, ...unsigned } };
  return ask(access.endpoint, line, body === undefined ? sent : { ...sent, body });
}

/** Signed by other code than the server's. */
export async function signedHeaders(
  access: S3Access,
  line: string,
  { headers = {}, body = "", payload, date = new Date(), ...other }: SignedQuestion,
): Promise<Record<string, string>> {
  const [method = "", address = ""] = line.split(" ");
  const { host, pathname, searchParams } = new URL(address, access.endpoint);
  const hash =
    payload ?? sha256(Buffer.concat([body].flat().map((one) => Buffer.from(one as string))));
  const { headers: signed } = await signerFor(access, other).sign(
    {
      method,
      protocol: "http:",
      hostname: host,
      path: decodeURIComponent(pathname),
      query: Object.fromEntries(searchParams),
      headers: { host, "x-amz-content-sha256": hash, ...headers },
    },
    { signingDate: date },
  );
  return signed;
}

export async function presigned(
  access: S3Access,
  line: string,
  {
    expiresIn = 60,
    date = new Date(),
    ...other
  }: SignedQuestion & { readonly expiresIn?: number } = {},
): Promise<string> {
  const [method = "", address = ""] = line.split(" ");
  const { host, pathname, searchParams } = new URL(address, access.endpoint);
  const { query = {} } = await signerFor(access, other).presign(
    {
      method,
      protocol: "http:",
      hostname: host,
      path: decodeURIComponent(pathname),
      query: Object.fromEntries(searchParams),
      headers: { host, "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" },
    },
    { signingDate: date, expiresIn },
  );
  return `${method} ${pathname}?${new URLSearchParams(query as Record<string, string>).toString()}`;
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** In the format of S3 checksums. */
export function sha256Base64(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("base64");
}

/** In the `aws-chunked` format of the SDK. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined ? undefined : bytesOf(secret);
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function signerFor(
  { region, credentials }: S3Access,
  other: Pick<SignedQuestion, "region" | "credentials">,
): SignatureV4 {
  const { accessKeyId, secretAccessKey, sessionToken } = other.credentials ?? credentials;
  return new SignatureV4({
    service: "s3",
    region: other.region ?? region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    },
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
}
