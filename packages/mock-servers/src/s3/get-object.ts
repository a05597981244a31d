import type { Answer } from "@drayage/registry/http";

import { unmetReading } from "./conditions.ts";
import { readContent } from "./content.ts";
import { checksumHeaders } from "./object-headers.ts";
import { partRange, requestedRange } from "./object-range.ts";
import { noSuchKey } from "./permissions.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Call, Handler, S3State, StoredObject } from "./s3-state.ts";

const overrides = new Map([
  ["response-cache-control", "cache-control"],
  ["response-content-disposition", "content-disposition"],
  ["response-content-encoding", "content-encoding"],
  ["response-content-language", "content-language"],
  ["response-content-type", "content-type"],
  ["response-expires", "expires"],
]);

/** GET and HEAD of an object, a range or a part. */
export const getObject: Handler = (call, state) => {
  const object = bucketOf(call, state).objects.get(call.key);
  if (object === undefined) throw noSuchKey(call, call, state);
  return unmetReading(call, object) ?? objectAnswer(call, object, state);
};

function objectAnswer(call: Call, object: StoredObject, state: S3State): Answer {
  const { size, content, etag, lastModified } = object;
  const part = partRange(call, object);
  const range = part ?? requestedRange(call, size);
  const { start, end } = range ?? { start: 0, end: size };
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...object.headers,
      ...overriding(call),
      "Accept-Ranges": "bytes",
      "Content-Length": `${end - start}`,
      ETag: etag,
      "Last-Modified": lastModified.toUTCString(),
      ...(range && { "Content-Range": `bytes ${start}-${end - 1}/${size}` }),
      ...(part && object.parts && { "x-amz-mp-parts-count": `${object.parts.length}` }),
      ...checksumsFor(call, part ?? (range === undefined ? object : undefined), state),
    },
    body: readContent(content, start, end),
  };
}

/** Only for whole objects and parts, and only if requested. */
function checksumsFor(
  { headers }: Call,
  sent: Pick<StoredObject, "checksum"> | undefined,
  { settings: { checksums = true } }: S3State,
): Readonly<Record<string, string>> {
  const mode = headers["x-amz-checksum-mode"];
  if (mode !== undefined && mode !== "ENABLED") {
    throw new S3Error("InvalidArgument", "x-amz-checksum-mode can only be ENABLED", {
      details: { ArgumentName: "x-amz-checksum-mode", ArgumentValue: mode },
    });
  }
  const areWanted = checksums && mode !== undefined && sent !== undefined;
  return areWanted ? checksumHeaders(sent) : {};
}

function overriding({ query, signature }: Call): Readonly<Record<string, string>> {
  const asked = [...overrides].filter(([name]) => query.has(name));
  if (asked.length > 0 && signature === undefined) {
    throw new S3Error(
      "InvalidRequest",
      "Request specific response headers cannot be used for anonymous GET requests.",
    );
  }
  return Object.fromEntries(asked.map(([name, header]) => [header, query.get(name) ?? ""]));
}
