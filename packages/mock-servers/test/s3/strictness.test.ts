import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { setImmediate } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startS3 } from "../../src/s3/s3-server.ts";
import type { S3Server } from "../../src/s3/s3-server.ts";
import { outcomeOf } from "./outcome.ts";
import { sha256Base64, signedAsk, signedHeaders } from "./signed-ask.ts";

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3();
  await s3.bucket().put("key", "x");
});
afterAll(async () => s3[Symbol.asyncDispose]());

test.each([
  ["GET /bucket/key?acl", "501 NotImplemented"],
  ["GET /bucket/key?versionId=1", "501 NotImplemented"],
  ["GET /bucket/key?partnumber=1", "501 NotImplemented"],
  ["PUT /bucket/key?partNumber=1", "501 NotImplemented"],
  ["GET /bucket/key?partNumber=1&partNumber=2", "400 InvalidArgument"],
  ["GET /bucket", "501 NotImplemented"],
  ["GET /", "501 NotImplemented"],
  ["PATCH /bucket/key", "405 MethodNotAllowed"],
  ["GET /bucket?uploads&upload-id-marker=x", "400 InvalidArgument"],
  ["GET /bucket?list-type=2&continuation-token=x", "400 InvalidArgument"],
])("the status of %s is %s", async (line, outcome) => {
  expect(await outcomeOf(signedAsk(s3.access, line))).toBe(outcome);
});

test.each<readonly [name: string, headers: Record<string, string>, outcome: string]>([
  ["unknown", { "x-amz-new-condition": "1" }, "501 NotImplemented"],
  ["an unknown storage class", { "x-amz-storage-class": "COLD" }, "400 InvalidStorageClass"],
  ["an unknown encryption", { "x-amz-server-side-encryption": "rot13" }, "400 InvalidArgument"],
  [
    "a KMS key without KMS encryption",
    { "x-amz-server-side-encryption-aws-kms-key-id": "k" },
    "400 InvalidArgument",
  ],
  ["too much metadata", { "x-amz-meta-a": "x".repeat(2048) }, "400 MetadataTooLarge"],
  [
    "a checksum algorithm without a checksum",
    { "x-amz-sdk-checksum-algorithm": "SHA256" },
    "400 InvalidRequest",
  ],
  ["two conditions", { "if-match": '"x"', "if-none-match": "*" }, "501 NotImplemented"],
])("a PUT is rejected if its header is %s", async (_, headers, outcome) => {
  const put = signedAsk(s3.access, "PUT /bucket/refused", { headers, body: "x" });
  expect(await outcomeOf(put)).toBe(outcome);
  expect(s3.bucket().keys()).toEqual(["key"]);
});

test.each([
  ["invalid XML", "delete it", "400 MalformedXML"],
  ["incomplete XML", "<Delete><Object><Key>a</Key>", "400 MalformedXML"],
  ["another document", "<Deletion><Object><Key>a</Key></Object></Deletion>", "400 MalformedXML"],
  ["two documents", "<Delete/><Delete/>", "400 MalformedXML"],
  ["an unknown entity", "<Delete><Object><Key>&a;</Key></Object></Delete>", "400 MalformedXML"],
  [
    "an incomplete reference",
    "<Delete><Object><Key>&amp</Key></Object></Delete>",
    "400 MalformedXML",
  ],
  ["an empty list", "<Delete></Delete>", "400 MalformedXML"],
  [
    "more than 1,000 keys",
    `<Delete>${"<Object><Key>a</Key></Object>".repeat(1001)}</Delete>`,
    "400 MalformedXML",
  ],
  ["a key with references", "<Delete><Object><Key>&amp;&#65;&#x42;</Key></Object></Delete>", "200"],
])("a bulk delete with %s has the status %s", async (_, body, outcome) => {
  const headers = { "x-amz-checksum-sha256": sha256Base64(body) };
  const asked = signedAsk(s3.access, "POST /bucket?delete", { headers, body });
  expect(await outcomeOf(asked)).toBe(outcome);
});

test("a key in a document keeps surrounding spaces", async () => {
  for (const key of [" odd&<key>\n", "odd"]) await s3.bucket().put(key, "x");
  const body = "<Delete>\n <Object>\n  <Key> odd&amp;&lt;key>&#10;</Key>\n </Object>\n</Delete>";
  const headers = { "x-amz-checksum-sha256": sha256Base64(body) };
  const asked = signedAsk(s3.access, "POST /bucket?delete", { headers, body });
  expect(await outcomeOf(asked)).toBe("200");
  expect(s3.bucket().keys("odd")).toEqual(["odd"]);
  expect(s3.bucket().keys(" ")).toEqual([]);
  s3.bucket().delete("odd");
});

test("a bulk delete requires a correct checksum", async () => {
  const body = "<Delete><Object><Key>key</Key></Object></Delete>";
  const asked = (headers: Record<string, string>): Promise<string> =>
    outcomeOf(signedAsk(s3.access, "POST /bucket?delete", { headers, body }));
  expect(await asked({})).toBe("400 InvalidRequest");
  expect(await asked({ "x-amz-checksum-sha256": sha256Base64("") })).toBe("400 BadDigest");
  expect(s3.bucket().keys()).toEqual(["key"]);
});

test("each key of a bulk delete can have a condition", async () => {
  await s3.bucket().put("other", "x");
  const body =
    "<Delete><Quiet>true</Quiet><Object><Key>other</Key></Object><Object><Key>key</Key><ETag>x</ETag></Object></Delete>";
  const headers = { "x-amz-checksum-sha256": sha256Base64(body) };
  const { body: answer } = await signedAsk(s3.access, "POST /bucket?delete", { headers, body });
  expect(answer.toString()).toMatch(/<Error><Key>key<\/Key><Code>PreconditionFailed/);
  expect(answer.toString()).not.toContain("<Deleted>");
  expect(s3.bucket().keys()).toEqual(["key"]);
});

test("an undecodable path is rejected", async () => {
  const reply = await fetch(`${s3.access.endpoint}/bucket/%ff`);
  expect([reply.status, await reply.text()]).toEqual([400, expect.stringContaining("InvalidURI")]);
});

test("a delete during a conditional write is a conflict", async () => {
  await s3.bucket().put("contended", "before");
  s3.clear();
  const headers = {
    "if-match": (await s3.bucket().find("contended"))?.etag ?? "",
    "content-length": "5",
  };
  const line = "PUT /bucket/contended";
  const signed = await signedHeaders(s3.access, line, { headers, body: "after" });
  const sending = request(`${s3.access.endpoint}/bucket/contended`, {
    method: "PUT",
    headers: { ...headers, ...signed },
  });
  const answer = once(sending, "response");
  sending.write("af");
  while (s3.requests[0]?.requestBytes !== 2) await setImmediate();
  s3.bucket().delete("contended");
  sending.end("ter");
  const [{ statusCode }] = (await answer) as [IncomingMessage];
  expect(statusCode).toBe(409);
  expect(s3.requests).toMatchObject([{ code: "ConditionalRequestConflict" }]);
});
