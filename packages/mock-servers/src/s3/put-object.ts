import { writeCondition } from "./conditions.ts";
import { checksumHeaders, encryptionHeaders, etagOf, objectHeaders } from "./object-headers.ts";
import { receive } from "./payload.ts";
import { bucketOf } from "./s3-state.ts";
import type { Handler, StoredObject } from "./s3-state.ts";

/** Stores an object. Checks the condition at the moment it becomes visible. */
export const putObject: Handler = async (call, state) => {
  const { objects } = bucketOf(call, state);
  const checkCondition = writeCondition(call, state);
  const headers = objectHeaders(call);
  const { segment, md5, checksum } = await receive(call, state, "CRC64NVME");
  checkCondition();
  const object: StoredObject = {
    key: call.key,
    content: [segment],
    size: segment.size,
    etag: etagOf(md5, headers),
    lastModified: state.now(),
    headers,
    checksum,
    parts: undefined,
  };
  objects.set(call.key, object);
  const answered = { ...encryptionHeaders(headers), ...checksumHeaders(object) };
  return { status: 200, headers: { ETag: object.etag, ...answered } };
};
