import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { describe, expect, onTestFinished, test } from "vitest";

import { Bucket } from "../src/client/bucket.ts";
import { Connection } from "../src/client/connection.ts";
import { listParts } from "../src/uploads/stored-parts.ts";
import { listUploads } from "../src/uploads/uploads.ts";

/** A store that returns the same page for every request, with a token for the next page. */
async function startRepeating(xml: string): Promise<{ bucket: Bucket; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/xml" }).end(xml);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const connection = new Connection({ endpoint, region: "us-east-1", credentials: "anonymous" });
  return { bucket: new Bucket("bucket", connection), requests };
}

describe("a listing that repeats its page is an error", () => {
  test.each([
    [
      "of uploads",
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><Upload><Key>a</Key><UploadId>u</UploadId></Upload><NextKeyMarker>a</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>",
      (bucket: Bucket) => Array.fromAsync(listUploads(bucket, "a/", {})),
    ],
    [
      "of parts",
      "<ListPartsResult><IsTruncated>true</IsTruncated><Part><PartNumber>1</PartNumber></Part><NextPartNumberMarker>1</NextPartNumberMarker></ListPartsResult>",
      async (bucket: Bucket) => listParts(bucket, { key: "a", uploadId: "u" }, {}),
    ],
  ])("%s", async (_, xml, list) => {
    const { bucket, requests } = await startRepeating(xml);
    await expect(list(bucket)).rejects.toMatchObject({ code: "unsupported" });
    expect(requests).toHaveLength(2);
  });
});
