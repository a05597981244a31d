import { Readable } from "node:stream";

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ask } from "@drayage/test-support";
import type { Reply } from "@drayage/test-support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startS3 } from "../../src/s3/s3-server.ts";
import type { S3Server } from "../../src/s3/s3-server.ts";
import { outcomeOf } from "./outcome.ts";
import { sha256Base64, signedAsk } from "./signed-ask.ts";

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(async () => s3[Symbol.asyncDispose]());

/** Amazon's own example of a signed upload in chunks, with and without a trailing checksum. */
const example = {
  credentials: [
    {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
  ],
  buckets: ["examplebucket"],
  now: () => new Date("2013-05-24T00:00:00Z"),
};
const sizes = [65_536, 1024, 0] as const;
const plain = {
  payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  chunks: [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  ],
  trailer: "",
  more: { "content-length": "66824" },
};
const withTrailer = {
  payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
  seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
  chunks: [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
  ],
  trailer:
    "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
  more: { "x-amz-trailer": "x-amz-checksum-crc32c" },
};

describe.each([
  ["signed chunks", plain],
  ["signed chunks with a trailing checksum", withTrailer],
])("Amazon's example of %s", (_, { payload, seed, chunks, trailer, more }) => {
  const right = sizes.map((size, at) => framed("a".repeat(size), `;chunk-signature=${chunks[at]}`));
  const body = `${right.join("").slice(0, -2)}${trailer}\r\n`;

  async function sent(content: string): Promise<[outcome: string, size: number | undefined]> {
    await using amazon = await startS3(example);
    const headers = {
      host: "s3.amazonaws.com",
      "content-encoding": "aws-chunked",
      "x-amz-content-sha256": payload,
      "x-amz-date": "20130524T000000Z",
      "x-amz-decoded-content-length": "66560",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      ...more,
    };
    const scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
    const signedNames = Object.keys(headers).toSorted().join(";");
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signedNames},Signature=${seed}`;
    const question = { headers: { ...headers, authorization }, body: content };
    const line = "PUT /examplebucket/chunkObject.txt";
    const outcome = await outcomeOf(ask(amazon.access.endpoint, line, question));
    const found = await amazon.bucket("examplebucket").find("chunkObject.txt");
    return [outcome, found?.bytes.byteLength];
  }

  test("is accepted", async () => {
    expect(await sent(body)).toEqual(["200", 66_560]);
  });

  const [signature = ""] = chunks;
  test.each([
    ["a byte", "aaa\r\n0;", "aab\r\n0;"],
    ["the signature of a chunk", signature, signature.replace("a", "b")],
    ...(trailer === "" ? [] : [["the trailing checksum", "sOO8", "sOO9"]]),
  ])("is rejected if %s is changed", async (__, from = "", to = "") => {
    expect(body).toContain(from);
    expect(await sent(body.replace(from, to))).toEqual(["403 SignatureDoesNotMatch", undefined]);
  });
});

/** One unsigned chunk. */
function framed(content: string, signature = ""): string {
  return `${content.length.toString(16)}${signature}\r\n${content}\r\n`;
}

async function unsigned(
  key: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  return signedAsk(s3.access, `PUT /bucket/${key}`, {
    payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    headers: { "content-encoding": "gzip,aws-chunked", ...headers },
    body,
  });
}

test("unsigned chunks with a trailing checksum are decoded", async () => {
  const content = "x".repeat(10_000);
  const trailer = `x-amz-checksum-sha256:${sha256Base64(`${content}end`)}\r\n\r\n`;
  const reply = await unsigned("chunks", `${framed(content)}${framed("end")}0\r\n${trailer}`, {
    "x-amz-decoded-content-length": "10003",
    "x-amz-trailer": "x-amz-checksum-sha256",
  });
  expect(reply.status).toBe(200);
  const found = await s3.bucket().find("chunks");
  expect(String(found?.bytes)).toBe(`${content}end`);
  expect(found?.headers).toMatchObject({ "content-encoding": "gzip" });
});

const rightTrailer = `0\r\nx-amz-checksum-sha256:${sha256Base64("abc")}\r\n\r\n`;

test.each<readonly [what: string, body: string, headers: Record<string, string>, outcome: string]>([
  ["a wrong checksum", framed("abd") + rightTrailer, {}, "400 BadDigest"],
  ["a missing checksum", `${framed("abc")}0\r\n\r\n`, {}, "400 InvalidRequest"],
  ["fewer bytes than announced", framed("ab") + rightTrailer, {}, "400 IncompleteBody"],
  [
    "another number of bytes",
    framed("abc") + rightTrailer,
    { "x-amz-decoded-content-length": "4" },
    "400 IncompleteBody",
  ],
  [
    "no decoded length",
    framed("abc") + rightTrailer,
    { "x-amz-decoded-content-length": "" },
    "411 MissingContentLength",
  ],
  ["an end in the middle of a chunk", "10\r\nabc", {}, "400 IncompleteBody"],
  ["an end in the middle of a line", "1", {}, "400 IncompleteBody"],
  ["a body that is not chunked", "text\r\n", {}, "400 InvalidRequest"],
  ["a chunk that is longer than its size", "2\r\nabc\r\n0\r\n\r\n", {}, "400 InvalidRequest"],
  [
    "short chunks before the last one",
    framed("a") + framed("bc") + rightTrailer,
    {},
    "403 InvalidChunkSizeError",
  ],
  [
    "a malformed trailer",
    `${framed("abc")}0\r\nno header\r\n\r\n`,
    {},
    "400 MalformedTrailerError",
  ],
])("unsigned chunks with %s are rejected", async (_, body, headers, outcome) => {
  const returned = {
    "x-amz-decoded-content-length": "3",
    "x-amz-trailer": "x-amz-checksum-sha256",
    ...headers,
  };
  expect(await outcomeOf(unsigned("refused", body, returned))).toBe(outcome);
  expect(s3.bucket().keys()).not.toContain("refused");
});

test("the SDK can send a stream", async () => {
  const client = new S3Client(s3.access);
  const body = [Buffer.alloc(100_000, "1"), Buffer.alloc(50_000, "2")];
  await client.send(
    new PutObjectCommand({
      Bucket: "bucket",
      Key: "stream",
      Body: Readable.from(body),
      ContentLength: 150_000,
    }),
  );
  client.destroy();
  const found = await s3.bucket().find("stream");
  expect(Buffer.compare(found?.bytes ?? Buffer.alloc(0), Buffer.concat(body))).toBe(0);
});
