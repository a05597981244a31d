import type { IncomingMessage } from "node:http";

import { S3Error } from "./s3-error.ts";

/** A request before it is verified. */
export interface S3Request {
  readonly method: string;
  /** Percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bucket and key, independent of the URL style; empty if not addressed. */
  readonly bucket: string;
  readonly key: string;
  /** The encoded body; can be read once. */
  readonly body: AsyncIterable<Uint8Array>;
}

const virtualHost = /^(.+)\.(?:localhost|s3(?:[.-][a-z\d-]+)?\.amazonaws\.com)(?::\d+)?$/;

/**
 * Path-style (`/BUCKET/KEY`), or virtual-hosted if the host is `BUCKET.localhost` or one of Amazon's. @throws S3Error
 * `InvalidURI`
 */
export function parseRequest(
  { method = "", url = "/", headers }: IncomingMessage,
  body: AsyncIterable<Uint8Array>,
): S3Request {
  const mark = url.indexOf("?");
  const path = decoded(mark < 0 ? url : url.slice(0, mark));
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark));
  const plain = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(",")]);
  return {
    method,
    path,
    query,
    headers: Object.fromEntries(plain) as Record<string, string>,
    ...subjectOf(path, headers.host ?? ""),
    body,
  };
}

function subjectOf(path: string, host: string): { readonly bucket: string; readonly key: string } {
  const [, hosted] = virtualHost.exec(host) ?? [];
  if (hosted !== undefined) return { bucket: hosted, key: path.slice(1) };
  const slash = path.indexOf("/", 1);
  if (slash < 0) return { bucket: path.slice(1), key: "" };
  return { bucket: path.slice(1, slash), key: path.slice(slash + 1) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    const failure = new S3Error("InvalidURI", "Couldn't parse the specified URI.");
    failure.cause = cause;
    throw failure;
  }
}
