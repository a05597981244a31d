import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { digestOf } from "@drayage/core";
import { ask, next, octets, textAndDigest } from "@drayage/test-support";
import type { Reply } from "@drayage/test-support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { LoggedRequest } from "../src/http/request-log.ts";
import type { RegistrySettings } from "../src/registry-settings.ts";
import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

const { bytes, digest } = textAndDigest("hello, registry");
const wrong = digestOf(Buffer.from("something else"));
const start = "POST /v2/a/b/blobs/uploads/";

function chunk(from: number, to: number): { headers: Record<string, string>; body: Uint8Array } {
  const headers = { ...octets, "Content-Range": `${from}-${to}` };
  return { headers, body: bytes.subarray(from, to + 1) };
}

/** Sends the first bytes of a chunk and disconnects. Returns the log entry. */
async function sendCut(
  registry: Registry,
  location: string,
  from: number,
  count: number,
): Promise<LoggedRequest | undefined> {
  const half = request(new URL(location, registry.origin), {
    method: "PATCH",
    headers: { ...octets, "Content-Range": `${from}-14`, "Content-Length": `${15 - from}` },
  });
  half.on("error", () => {});
  half.write(bytes.subarray(from, from + count));
  while (registry.requests.at(-1)?.requestBytes !== count) await setImmediate();
  half.destroy();
  return registry.requests.at(-1);
}

describe.each(["memory", "folder"])("blobs in %s", (place) => {
  let registry: Registry;
  let folder: string;
  let origin: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "registry-"));
    registry = await startRegistry(place === "folder" ? { folder } : {});
    ({ origin } = registry);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const isStored = async (repository: string): Promise<void> => {
    expect(await registry.findBlob(repository, digest)).toEqual(Buffer.from(bytes));
    const reply = await ask(origin, `GET /v2/${repository}/blobs/${digest}`);
    expect(reply).toMatchObject({ status: 200, body: Buffer.from(bytes) });
  };

  test("POST and PUT upload a whole blob", async () => {
    const opened = await ask(origin, start.replace("a/b", "post/put"));
    expect(opened).toMatchObject({ status: 202, headers: { range: "0-0" } });
    const put = `PUT ${next(opened, `digest=${digest}`)}`;
    const done = await ask(origin, put, { headers: octets, body: bytes });
    expect(done).toMatchObject({ status: 201, headers: { "docker-content-digest": digest } });
    expect(next(done)).toBe(`/v2/post/put/blobs/${digest}`);
    await isStored("post/put");
    expect(await ask(origin, `GET ${next(opened)}`)).toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
  });

  test("a single POST uploads a whole blob", async () => {
    const post = `POST /v2/one/post/blobs/uploads/?digest=${digest}`;
    const done = await ask(origin, post, { headers: octets, body: bytes });
    expect(done).toMatchObject({ status: 201, headers: { "docker-content-digest": digest } });
    await isStored("one/post");
  });

  test("chunks are uploaded to the location of the last response", async () => {
    const opened = await ask(origin, start.replace("a/b", "by/chunks"));
    const first = await ask(origin, `PATCH ${next(opened)}`, chunk(0, 4));
    expect(first).toMatchObject({ status: 202, headers: { range: "0-4" } });
    const second = await ask(origin, `PATCH ${next(first)}`, chunk(5, 9));
    expect(second).toMatchObject({ status: 202, headers: { range: "0-9" } });
    const put = `PUT ${next(second, `digest=${digest}`)}`;
    expect(await ask(origin, put, chunk(10, 14))).toMatchObject({ status: 201 });
    await isStored("by/chunks");
  });

  test("a stream of unknown length is uploaded and completed by an empty PUT", async () => {
    const opened = await ask(origin, start.replace("a/b", "as/stream"));
    const body = [bytes.subarray(0, 3), bytes.subarray(3)];
    const patched = await ask(origin, `PATCH ${next(opened)}`, { body });
    expect(patched).toMatchObject({ status: 202, headers: { range: "0-14" } });
    const put = `PUT ${next(patched, `digest=${digest}`)}`;
    expect(await ask(origin, put)).toMatchObject({ status: 201 });
    await isStored("as/stream");
  });

  test("a blob may have a sha512 digest", async () => {
    const sha512 = digestOf(bytes, "sha512");
    const opened = await ask(origin, start);
    const put = `PUT ${next(opened, `digest=${sha512}`)}`;
    expect(await ask(origin, put, { headers: octets, body: bytes })).toMatchObject({ status: 201 });
    const reply = await ask(origin, `GET /v2/a/b/blobs/${sha512}`);
    expect(reply.headers["docker-content-digest"]).toBe(sha512);
  });

  test("a wrong digest ends the upload and nothing is stored", async () => {
    const whole = await ask(origin, `POST /v2/wrong/one/blobs/uploads/?digest=${wrong}`, {
      headers: octets,
      body: bytes,
    });
    const opened = await ask(origin, start.replace("a/b", "wrong/one"));
    const patched = await ask(origin, `PATCH ${next(opened)}`, chunk(0, 14));
    const put = await ask(origin, `PUT ${next(patched, `digest=${wrong}`)}`);
    for (const { status, code } of [whole, put]) {
      expect({ status, code }).toEqual({ status: 400, code: "DIGEST_INVALID" });
    }
    expect(await registry.findBlob("wrong/one", wrong)).toBeUndefined();
    expect(await registry.findBlob("wrong/one", digest)).toBeUndefined();
    expect(await ask(origin, `GET ${next(patched)}`)).toMatchObject({ status: 404 });
  });

  test("a cancelled upload no longer exists", async () => {
    const opened = await ask(origin, start);
    expect(await ask(origin, `DELETE ${next(opened)}`)).toMatchObject({ status: 204 });
    const patched = await ask(origin, `PATCH ${next(opened)}`, chunk(0, 4));
    expect(patched).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  test("received bytes of a broken connection are kept, and the upload resumes after them", async () => {
    const opened = await ask(origin, start.replace("a/b", "cut/off"));
    const cut = await sendCut(registry, next(opened), 0, 6);
    const status = await ask(origin, `GET ${next(opened)}`);
    expect(status).toMatchObject({ status: 204, headers: { range: "0-5" } });
    const rest = await ask(origin, `PUT ${next(status, `digest=${digest}`)}`, chunk(6, 14));
    expect(rest).toMatchObject({ status: 201 });
    await isStored("cut/off");
    expect(cut).toMatchObject({ status: undefined, requestBytes: 6 });
  });

  test("brokenChunks: drop keeps only complete chunks", async () => {
    await using dropping = await startRegistry({
      brokenChunks: "drop",
      ...(place === "folder" && { folder: join(folder, "dropping") }),
    });
    const opened = await ask(dropping.origin, start);
    const first = await ask(dropping.origin, `PATCH ${next(opened)}`, chunk(0, 4));
    await sendCut(dropping, next(first), 5, 3);
    const status = await ask(dropping.origin, `GET ${next(opened)}`);
    expect(status).toMatchObject({ status: 204, headers: { range: "0-4" } });
    const put = `PUT ${next(status, `digest=${digest}`)}`;
    expect(await ask(dropping.origin, put, chunk(5, 14))).toMatchObject({ status: 201 });
    expect(await dropping.findBlob("a/b", digest)).toEqual(Buffer.from(bytes));
  });

  test("brokenChunks: end-upload aborts the upload", async () => {
    await using ending = await startRegistry({
      brokenChunks: "end-upload",
      ...(place === "folder" && { folder: join(folder, "ending") }),
    });
    const opened = await ask(ending.origin, start);
    await sendCut(ending, next(opened), 0, 6);
    const status = await ask(ending.origin, `GET ${next(opened)}`);
    expect(status).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  test("a status request waits for the current chunk", async () => {
    const opened = await ask(origin, start.replace("a/b", "at/once"));
    const slow = request(new URL(next(opened), origin), { method: "PATCH", headers: octets });
    slow.write(bytes.subarray(0, 6));
    while (registry.requests.at(-1)?.requestBytes !== 6) await setImmediate();
    const asked = ask(origin, `GET ${next(opened)}`);
    while (registry.requests.at(-1)?.method !== "GET") await setImmediate();
    slow.end(bytes.subarray(6));
    expect(await asked).toMatchObject({ status: 204, headers: { range: "0-14" } });
  });

  test("a wrong digest does not replace the blob of another repository", async () => {
    await registry.putBlob("right/one", bytes);
    const post = `POST /v2/wrong/bytes/blobs/uploads/?digest=${digest}`;
    await ask(origin, post, { headers: octets, body: "other bytes" });
    await isStored("right/one");
  });
});

describe("rejected uploads", () => {
  let registry: Registry;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => registry[Symbol.asyncDispose]());

  /** A new upload with the first five bytes. */
  const begun = async (): Promise<{ readonly opened: Reply; readonly patched: Reply }> => {
    const opened = await ask(registry.origin, start);
    return { opened, patched: await ask(registry.origin, `PATCH ${next(opened)}`, chunk(0, 4)) };
  };
  const goesOn = async (patched: Reply): Promise<void> => {
    const put = `PUT ${next(patched, `digest=${digest}`)}`;
    expect(await ask(registry.origin, put, chunk(5, 14))).toMatchObject({ status: 201 });
  };

  test.each<readonly [what: string, from: number, to: number]>([
    ["a chunk after a gap", 6, 9],
    ["a repeated chunk", 0, 4],
    ["an overlapping chunk", 3, 9],
  ])("%s is rejected with 416, the received range and the location", async (_, from, to) => {
    for (const method of ["PATCH", "PUT"]) {
      const { patched } = await begun();
      const line = `${method} ${next(patched, `digest=${digest}`)}`;
      const refused = await ask(registry.origin, line, chunk(from, to));
      expect(refused).toMatchObject({ status: 416, headers: { range: "0-4" } });
      expect(next(refused)).toBe(next(patched));
      await goesOn(refused);
    }
  });

  test.each<readonly [what: string, headers: Record<string, string>, code: string]>([
    ["a range with a unit", { ...octets, "Content-Range": "bytes 5-9/15" }, "BLOB_UPLOAD_INVALID"],
    ["a range of another length", { ...octets, "Content-Range": "5-8" }, "SIZE_INVALID"],
    ["another type", { "Content-Type": "text/plain" }, "BLOB_UPLOAD_INVALID"],
    ["a chunk without type", { "Content-Range": "5-9" }, "BLOB_UPLOAD_INVALID"],
  ])("%s is rejected, and the upload continues", async (_, headers, code) => {
    const { patched } = await begun();
    const body = bytes.subarray(5, 10);
    const refused = await ask(registry.origin, `PATCH ${next(patched)}`, { headers, body });
    expect(refused).toMatchObject({ status: 400, code });
    await goesOn(patched);
  });

  test("a chunk without length is rejected", async () => {
    const { patched } = await begun();
    const refused = await ask(registry.origin, `PATCH ${next(patched)}`, {
      headers: { ...octets, "Content-Range": "5-9" },
      body: [bytes.subarray(5, 10)],
    });
    expect(refused).toMatchObject({ status: 400, code: "SIZE_INVALID" });
  });

  test("a whole blob without length is rejected, with POST and with PUT", async () => {
    const opened = await ask(registry.origin, start);
    for (const line of [
      `POST /v2/a/b/blobs/uploads/?digest=${digest}`,
      `PUT ${next(opened, `digest=${digest}`)}`,
    ]) {
      const refused = await ask(registry.origin, line, { headers: octets, body: [bytes] });
      expect(refused).toMatchObject({ status: 400, code: "SIZE_INVALID" });
    }
  });

  test("an outdated location is rejected, for a chunk and for completion", async () => {
    const { opened, patched } = await begun();
    const old = await ask(registry.origin, `PATCH ${next(opened)}`, chunk(5, 14));
    const end = await ask(registry.origin, `PUT ${next(opened, `digest=${digest}`)}`);
    for (const { status, code } of [old, end]) {
      expect({ status, code }).toEqual({ status: 400, code: "BLOB_UPLOAD_INVALID" });
    }
    await goesOn(patched);
  });

  test("GET of an outdated location returns the current one", async () => {
    const { opened, patched } = await begun();
    const status = await ask(registry.origin, `GET ${next(opened)}`);
    expect(status).toMatchObject({ status: 204, headers: { range: "0-4" } });
    expect(next(status)).toBe(next(patched));
  });

  test.each(["", "digest=", "digest=sha256:abc", "digest=md5:0cc175b9c0f1b6a831c399e269772661"])(
    "completion with the parameter %j is rejected",
    async (parameter) => {
      const { patched } = await begun();
      const refused = await ask(registry.origin, `PUT ${next(patched, parameter)}`, chunk(5, 14));
      expect(refused).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
      await goesOn(patched);
    },
  );

  test("opening an upload with a body and no digest is rejected", async () => {
    const refused = await ask(registry.origin, start, { headers: octets, body: bytes });
    expect(refused).toMatchObject({ status: 400, code: "BLOB_UPLOAD_INVALID" });
  });

  test("an upload belongs to one repository", async () => {
    const { patched } = await begun();
    const otherUpload = next(patched).replace("/a/b/", "/c/d/");
    const refused = await ask(registry.origin, `PATCH ${otherUpload}`, chunk(5, 14));
    expect(refused).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });
});

describe("mounting", () => {
  const post = (query: string): string => `${start}?${query}`;

  test("a blob is mounted from another repository", async () => {
    await using registry = await startRegistry();
    await registry.putBlob("c/d", bytes);
    const mounted = await ask(registry.origin, post(`mount=${digest}&from=c/d`));
    expect(mounted).toMatchObject({ status: 201, headers: { "docker-content-digest": digest } });
    expect(next(mounted)).toBe(`/v2/a/b/blobs/${digest}`);
    expect(await ask(registry.origin, `GET ${next(mounted)}`)).toMatchObject({ status: 200 });
  });

  test.each<readonly [what: string, settings: RegistrySettings, query: string]>([
    ["the repository does not have it", {}, `mount=${wrong}&from=c/d`],
    ["there is no such repository", {}, `mount=${digest}&from=no/body`],
    ["no repository is named", {}, `mount=${digest}`],
    ["the registry does not mount", { mounts: "never" }, `mount=${digest}&from=c/d`],
  ])("an upload is opened if %s", async (_, settings, query) => {
    await using registry = await startRegistry(settings);
    await registry.putBlob("c/d", bytes);
    const opened = await ask(registry.origin, post(query));
    expect(opened.status).toBe(202);
    const put = `PUT ${next(opened, `digest=${digest}`)}`;
    const done = await ask(registry.origin, put, { headers: octets, body: bytes });
    expect(done.status).toBe(201);
  });

  test("mounts: anywhere mounts from any repository", async () => {
    await using registry = await startRegistry({ mounts: "anywhere" });
    await registry.putBlob("c/d", bytes);
    expect(await ask(registry.origin, post(`mount=${digest}`))).toMatchObject({ status: 201 });
  });

  test("an invalid digest or name is rejected", async () => {
    await using registry = await startRegistry();
    const digestless = await ask(registry.origin, post("mount=sha256:abc&from=c/d"));
    expect(digestless).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
    const nameless = await ask(registry.origin, post(`mount=${digest}&from=C/D`));
    expect(nameless).toMatchObject({ status: 400, code: "NAME_INVALID" });
  });
});

test("singlePost: false opens an upload instead", async () => {
  await using registry = await startRegistry({ singlePost: false });
  const post = `${start}?digest=${digest}`;
  const opened = await ask(registry.origin, post, { headers: octets, body: bytes });
  expect(opened).toMatchObject({ status: 202, headers: { range: "0-0" } });
  const put = `PUT ${next(opened, `digest=${digest}`)}`;
  const done = await ask(registry.origin, put, { headers: octets, body: bytes });
  expect(done.status).toBe(201);
});

test("only the last chunk may be shorter than chunkMinLength", async () => {
  await using registry = await startRegistry({ chunkMinLength: 5 });
  const opened = await ask(registry.origin, start);
  expect(opened.headers["oci-chunk-min-length"]).toBe("5");
  const first = await ask(registry.origin, `PATCH ${next(opened)}`, chunk(0, 9));
  expect(first.status).toBe(202);
  const short = await ask(registry.origin, `PATCH ${next(first)}`, chunk(10, 12));
  expect(short.status).toBe(202);
  const late = `PUT ${next(short, `digest=${digest}`)}`;
  const refused = await ask(registry.origin, late, chunk(13, 14));
  expect(refused).toMatchObject({ status: 400, code: "BLOB_UPLOAD_INVALID" });
});

test("a request above maxBodySize is rejected", async () => {
  await using registry = await startRegistry({ maxBodySize: 10 });
  const whole = `${start}?digest=${digest}`;
  const posted = await ask(registry.origin, whole, { headers: octets, body: bytes });
  const opened = await ask(registry.origin, start);
  const patched = await ask(registry.origin, `PATCH ${next(opened)}`, chunk(0, 14));
  const late = `PUT ${next(opened, `digest=${digest}`)}`;
  const put = await ask(registry.origin, late, { headers: octets, body: bytes });
  expect([posted.status, patched.status, put.status]).toEqual([413, 413, 413]);
  const first = await ask(registry.origin, `PATCH ${next(opened)}`, chunk(0, 9));
  const last = `PUT ${next(first, `digest=${digest}`)}`;
  expect(await ask(registry.origin, last, chunk(10, 14))).toMatchObject({ status: 201 });
});

test("locations can be absolute", async () => {
  await using registry = await startRegistry({ locations: "absolute" });
  const opened = await ask(registry.origin, start);
  expect(next(opened)).toMatch(`${registry.origin}/v2/a/b/blobs/uploads/`);
  const put = `PUT ${next(opened, `digest=${digest}`)}`;
  const done = await ask(registry.origin, put, { headers: octets, body: bytes });
  expect(next(done)).toBe(`${registry.origin}/v2/a/b/blobs/${digest}`);
});

test("a folder contains blobs by digest, and no uploads after the registry ended", async () => {
  const folder = await mkdtemp(join(tmpdir(), "registry-"));
  try {
    const registry = await startRegistry({ folder });
    await registry.putBlob("a/b", bytes);
    const opened = await ask(registry.origin, start);
    await ask(registry.origin, `PATCH ${next(opened)}`, chunk(0, 4));
    await ask(registry.origin, `DELETE ${next(await ask(registry.origin, start))}`);
    await ask(registry.origin, `${start}?digest=${wrong}`, { headers: octets, body: bytes });
    await registry[Symbol.asyncDispose]();
    expect(await readdir(join(folder, "uploads"))).toEqual([]);
    expect(await readdir(join(folder, "sha256"))).toEqual([digest.slice("sha256:".length)]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
