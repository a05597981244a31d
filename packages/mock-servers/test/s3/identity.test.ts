import {
  DeleteObjectsCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { ask } from "@drayage/test-support";
import { expect, test } from "vitest";

import type { S3Access } from "../../src/s3/s3-access.ts";
import { startS3 } from "../../src/s3/s3-server.ts";
import { outcomeOf } from "./outcome.ts";
import { presigned, signedAsk, signedHeaders } from "./signed-ask.ts";
import { clientOf } from "./store.ts";

const get = "GET /bucket/key";

test("temporary credentials need their token, and expire by the server's clock", async () => {
  let now = new Date();
  const temporary = {
    accessKeyId: "TEMPORARY",
    secretAccessKey: "secret",
    sessionToken: "token",
    expiration: new Date(now.getTime() + 1000),
  };
  await using s3 = await startS3({ credentials: [temporary], now: () => now });
  await s3.bucket().put("key", "x");
  const asked = (credentials: S3Access["credentials"]): Promise<string> =>
    outcomeOf(signedAsk(s3.access, get, { credentials }));
  const { sessionToken: _, ...withoutToken } = temporary;
  expect(await asked(temporary)).toBe("200");
  expect(await asked(withoutToken)).toBe("400 InvalidToken");
  expect(await asked({ ...temporary, sessionToken: "other" })).toBe("400 InvalidToken");
  expect(await outcomeOf(ask(s3.access.endpoint, await presigned(s3.access, get)))).toBe("200");
  now = new Date(now.getTime() + 1000);
  expect(await asked(temporary)).toBe("400 ExpiredToken");
});

test("a correct clock is rejected if the server's is wrong", async () => {
  const late = new Date(Date.now() + 20 * 60_000);
  await using s3 = await startS3({ now: () => late });
  const { body } = await signedAsk(s3.access, get);
  expect(body.toString()).toMatch(/RequestTimeTooSkewed.*<MaxAllowedSkewMilliseconds>900000/s);
});

test("a client adopts the server's clock and succeeds", async () => {
  const late = 20 * 60_000;
  await using s3 = await startS3({ now: () => new Date(Date.now() + late) });
  const client = new S3Client({ ...s3.access, maxAttempts: 2 });
  await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: "x" }));
  client.destroy();
  expect(s3.requests.map(({ code }) => code)).toEqual(["RequestTimeTooSkewed", undefined]);
});

test("a presigned URL is valid in its time range, at most a week", async () => {
  await using s3 = await startS3();
  const asked = async (options: { date?: Date; expiresIn?: number }): Promise<string> =>
    outcomeOf(ask(s3.access.endpoint, await presigned(s3.access, get, options)));
  expect(await asked({ date: new Date(Date.now() + 3_600_000) })).toBe("403 AccessDenied");
  expect(await asked({ expiresIn: 604_800 })).toBe("404 NoSuchKey");
  const line = (await presigned(s3.access, get)).replace(
    "X-Amz-Expires=60",
    "X-Amz-Expires=604801",
  );
  expect(await outcomeOf(ask(s3.access.endpoint, line))).toBe(
    "400 AuthorizationQueryParametersError",
  );
  const without = line.replace(/X-Amz-Date=\w+&/, "");
  expect(await outcomeOf(ask(s3.access.endpoint, without))).toBe(
    "400 AuthorizationQueryParametersError",
  );
});

test.each([
  ["of another kind", { authorization: "AWS AK:signature" }, "400 InvalidRequest"],
  [
    "that is malformed",
    { authorization: "AWS4-HMAC-SHA256 nothing" },
    "400 AuthorizationHeaderMalformed",
  ],
  ["without a time", { "x-amz-date": "yesterday" }, "403 AccessDenied"],
  ["for an undefined payload", { "x-amz-content-sha256": "abc" }, "400 InvalidArgument"],
])("a signature %s is rejected", async (_, headers, outcome) => {
  await using s3 = await startS3();
  const signed = await signedHeaders(s3.access, get, {});
  const question = { headers: { ...signed, ...headers } };
  expect(await outcomeOf(ask(s3.access.endpoint, get, question))).toBe(outcome);
});

test("a signature requires x-amz-content-sha256", async () => {
  await using s3 = await startS3();
  const { "x-amz-content-sha256": _, ...headers } = await signedHeaders(s3.access, get, {});
  expect(await outcomeOf(ask(s3.access.endpoint, get, { headers }))).toBe("400 InvalidRequest");
});

test("the error for another region contains the correct one", async () => {
  await using s3 = await startS3({ region: "eu-west-1" });
  const { status, headers, body } = await signedAsk(s3.access, get, { region: "us-east-1" });
  expect({ status, region: headers["x-amz-bucket-region"] }).toEqual({
    status: 400,
    region: "eu-west-1",
  });
  expect(body.toString()).toMatch(/AuthorizationHeaderMalformed.*<Region>eu-west-1</s);
});

test("a bucket in another region is a redirect to that region", async () => {
  await using s3 = await startS3({ externalBuckets: { far: "ap-south-1" } });
  const { status, headers, body } = await signedAsk(s3.access, "GET /far/key");
  expect({ status, region: headers["x-amz-bucket-region"] }).toEqual({
    status: 301,
    region: "ap-south-1",
  });
  expect(body.toString()).toMatch(/PermanentRedirect.*<Endpoint>far\.s3\.ap-south-1/s);
  const client = clientOf(s3.access);
  const refused = await client
    .send(new HeadBucketCommand({ Bucket: "far" }))
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ $metadata: { httpStatusCode: 301 } });
  client.destroy();
});

test("a policy applies to each action, and hides missing keys without list permission", async () => {
  const asked: string[] = [];
  await using s3 = await startS3({
    policy: ({ action, bucket, key, accessKeyId }) => {
      asked.push(`${accessKeyId} ${action} ${bucket}/${key}`);
      return action !== "s3:ListBucket" && key !== "secret";
    },
  });
  await s3.bucket().put("secret", "x");
  await s3.bucket().put("key", "x");
  expect(await outcomeOf(signedAsk(s3.access, "GET /bucket/key"))).toBe("200");
  expect(await outcomeOf(signedAsk(s3.access, "GET /bucket/missing"))).toBe("403 AccessDenied");
  const { status, body } = await signedAsk(s3.access, "GET /bucket/secret");
  expect(status).toBe(403);
  expect(body.toString()).toMatch(/s3:GetObject on resource: &#34;arn:aws:s3:::bucket\/secret/);
  const client = clientOf(s3.access);
  const head = client.send(new HeadObjectCommand({ Bucket: "bucket", Key: "missing" }));
  expect(await outcomeOf(head)).toMatch(/^403/);
  client.destroy();
  expect(asked).toContain("AK s3:GetObject bucket/key");
});

test("a policy applies to each key of a bulk delete and to copy sources", async () => {
  await using s3 = await startS3({
    policy: ({ action, key }) => action === "s3:PutObject" || key !== "secret",
  });
  for (const key of ["secret", "key"]) await s3.bucket().put(key, "x");
  const headers = { "x-amz-copy-source": "bucket/secret" };
  const copy = signedAsk(s3.access, "PUT /bucket/copy", { headers });
  expect(await outcomeOf(copy)).toBe("403 AccessDenied");
  const client = clientOf(s3.access);
  const Objects = [{ Key: "secret" }, { Key: "key" }];
  const { Deleted, Errors } = await client.send(
    new DeleteObjectsCommand({ Bucket: "bucket", Delete: { Objects } }),
  );
  client.destroy();
  expect(Deleted).toEqual([{ Key: "key" }]);
  expect(Errors).toMatchObject([{ Key: "secret", Code: "AccessDenied" }]);
  expect(s3.bucket().keys()).toEqual(["secret"]);
});

test("anonymous: true accepts unsigned requests", async () => {
  await using s3 = await startS3({ anonymous: true });
  const put = ask(s3.access.endpoint, "PUT /bucket/key", { body: "x" });
  expect(await outcomeOf(put)).toBe("200");
  expect(await outcomeOf(ask(s3.access.endpoint, get))).toBe("200");
  const overriding = ask(s3.access.endpoint, `${get}?response-content-type=text%2Fplain`);
  expect(await outcomeOf(overriding)).toBe("400 InvalidRequest");
});

test.each(["bucket.localhost", "bucket.localhost:1234", "bucket.s3.us-east-1.amazonaws.com"])(
  "the host %s can name a bucket",
  async (host) => {
    await using s3 = await startS3({ anonymous: true });
    await s3.bucket().put("a/key", "x");
    expect(await outcomeOf(ask(s3.access.endpoint, "GET /a/key", { headers: { host } }))).toBe(
      "200",
    );
    expect(s3.requests).toMatchObject([{ bucket: "bucket", key: "a/key" }]);
  },
);

test("signatures are valid for virtual-hosted buckets", async () => {
  await using s3 = await startS3();
  await s3.bucket().put("a/key", "x");
  const endpoint = s3.access.endpoint.replace("127.0.0.1", "bucket.localhost");
  const headers = await signedHeaders({ ...s3.access, endpoint }, "GET /a/key", {});
  expect(await outcomeOf(ask(s3.access.endpoint, "GET /a/key", { headers }))).toBe("200");
});
