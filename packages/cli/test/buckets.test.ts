import { readFile } from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import type { S3Server } from "@drayage/mock-servers";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { s3 } from "@drayage/transport-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { drayage, temporaryFolder } from "./drayage.ts";

const image = "s3://bucket/team/app:1.0";
let server: S3Server;

beforeAll(async () => {
  server = await startS3({ region: "eu-west-3" });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", server.access.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", server.access.credentials.secretAccessKey);
});
afterEach(() => vi.unstubAllEnvs());

describe("a bucket", () => {
  test("an image is copied in, listed, copied out and deleted", async () => {
    await using folder = await temporaryFolder();
    const [from, to] = ["from", "to"].map((name) => path.join(folder.path, name)) as [
      string,
      string,
    ];
    const whole = await randomImage("buckets");
    await writeImage(whole, directory().parseReference(from));
    const { endpoint, region } = server.access;
    const flags = ["--s3-endpoint", endpoint, "--s3-region", region];
    const ofSide = (side: string): readonly string[] =>
      flags.map((word) => word.replace("--s3", `--${side}-s3`));
    const copy = ["copy", "--insecure-policy"];
    expect(await drayage(...copy, ...ofSide("dest"), `dir:${from}`, image)).toMatchObject({
      code: 0,
    });
    const { stdout } = await drayage("list-tags", ...flags, "s3://bucket/team/app");
    expect(JSON.parse(stdout)).toEqual({ Tags: ["1.0"] });
    expect(await drayage(...copy, ...ofSide("src"), image, `dir:${to}`)).toMatchObject({ code: 0 });
    await assertImage(directory().parseReference(to), whole);
    expect(await drayage("delete", ...flags, image)).toMatchObject({ code: 0 });
    expect(server.bucket().keys("team/app/blobs")).toEqual([]);
  });

  test("s3 gc deletes unreferenced blobs with --delete only", async () => {
    const { endpoint, region } = server.access;
    const flags = ["--s3-endpoint", endpoint, "--s3-region", region];
    const empty = { schemaVersion: 2, manifests: [] };
    await server.bucket().put("litter/index.json", JSON.stringify(empty));
    const key = `litter/blobs/sha256/${"0".repeat(64)}`;
    const lastModified = new Date(Date.now() - 2 * 3_600_000);
    await server.bucket().put(key, "unneeded", { lastModified });
    const collect = ["s3", "gc", ...flags, "s3://bucket/litter"];
    expect(await drayage(...collect)).toMatchObject({ code: 0, stdout: "[]\n" });
    const listed = await drayage(...collect, "--grace", "1h");
    expect(JSON.parse(listed.stdout)).toMatchObject([{ Kind: "object", Key: key, Size: 8 }]);
    expect(server.bucket().keys("litter/blobs")).toEqual([key]);
    const deleted = await drayage(...collect, "--grace", "1h", "--delete");
    expect([deleted.code, deleted.stdout]).toEqual([0, listed.stdout]);
    expect(server.bucket().keys("litter/blobs")).toEqual([]);
    const layout = await drayage("s3", "gc", "oci:somewhere");
    expect([layout.code, layout.stderr]).toEqual([1, expect.stringMatching(/s3:\/\//)]);
  });

  test("an archive is readable but not writable", async () => {
    await using folder = await temporaryFolder();
    const [from, to, tar] = ["from", "to", "a.tar"].map((name) => path.join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await writeImage(await randomImage("archived"), directory().parseReference(from));
    const copy = ["copy", "--insecure-policy"];
    await drayage(...copy, `dir:${from}`, `docker-archive:${tar}:app:1`);
    await server.bucket().put("team/a.tar", await readFile(tar));
    vi.stubEnv("AWS_ENDPOINT_URL", server.access.endpoint);
    vi.stubEnv("AWS_REGION", server.access.region);
    const listed = await drayage("list-tags", "s3://bucket/team/a.tar");
    expect(JSON.parse(listed.stdout)).toEqual({ Tags: ["docker.io/library/app:1"] });
    const [there, here] = await Promise.all(
      ["s3://bucket/team/a.tar:app:1", `docker-archive:${tar}`].map((name) =>
        drayage("inspect", "--raw", name),
      ),
    );
    expect(there?.stdout).toBe(here?.stdout);
    expect(await drayage(...copy, "s3://bucket/team/a.tar:@0", `dir:${to}`)).toMatchObject({
      code: 0,
    });
    for (const refused of [
      [...copy, `dir:${from}`, "s3://bucket/team/a.tar:app:2"],
      ["delete", "s3://bucket/team/a.tar:app:1"],
      ["s3", "gc", "s3://bucket/team/a.tar"],
    ]) {
      const { code, stderr } = await drayage(...refused);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/docker-archive:.*upload/)]);
    }
  });

  test("s3 presign prints URLs that need no credentials", async () => {
    const { endpoint, region } = server.access;
    const flags = ["--s3-endpoint", endpoint, "--s3-region", region];
    const whole = await randomImage("presigned", { layers: 1 });
    const name = "s3://bucket/team/given:1.0";
    await writeImage(whole, s3(server.access).parseReference(name.slice(3)));
    const { code, stdout } = await drayage("s3", "presign", ...flags, "--expires-in=10m", name);
    expect(code).toBe(0);
    const parts = JSON.parse(stdout) as readonly Readonly<Record<string, string>>[];
    expect(parts.map(({ kind }) => kind)).toEqual(["manifest", "config", "layer"]);
    for (const { url = "", digest, size, expires = "" } of parts) {
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      expect([digestOf(bytes), bytes.byteLength]).toEqual([digest, size]);
      expect(Date.parse(expires)).toBeLessThanOrEqual(Date.now() + 600_000);
    }
    const long = await drayage("s3", "presign", ...flags, "--expires-in=169h", name);
    expect([long.code, long.stderr]).toEqual([1, expect.stringMatching(/168h/)]);
  });

  test("verify uses the checksums of the store", async () => {
    const { endpoint, region } = server.access;
    const flags = ["--s3-endpoint", endpoint, "--s3-region", region];
    const transport = s3(server.access);
    for (const tag of ["1.0", "2.0"])
      await writeImage(await randomImage(tag), transport.parseReference(`//bucket/proven:${tag}`));
    const { code, stdout } = await drayage("verify", "--json", ...flags, "s3://bucket/proven/");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ images: 2, read: { count: 0 }, problems: [] });
  });

  test.each([
    ["resumes in the next run", [], [3]],
    ["restarts with --no-cache", ["--no-cache"], [1, 2, 3]],
  ])("an interrupted upload %s", async (_, flags, expected) => {
    await using folder = await temporaryFolder();
    vi.stubEnv("XDG_CACHE_HOME", path.join(folder.path, "cache"));
    let isAgain = false;
    await using store = await startS3({
      faults: [{ operation: "UploadPart", nth: 3, fault: { kind: "error", code: "AccessDenied" } }],
      async watch({ operation, query }, moment) {
        if (isAgain || operation !== "UploadPart" || moment !== "arrived") return;
        const isLast = query.includes("partNumber=3");
        if (isLast) await vi.waitUntil(() => store.bucket().uploads()[0]?.parts.length === 2, 5000);
      },
    });
    const from = path.join(folder.path, "from");
    const layer = { layers: 1, layerSize: 33 << 20 };
    await writeImage(await randomImage("large", layer), directory().parseReference(from));
    const ofStore = ["--dest-s3-endpoint", store.access.endpoint, ...flags];
    const copy = ["copy", "--insecure-policy", ...ofStore, `dir:${from}`, "s3://bucket/a:1"];
    expect((await drayage(...copy)).code).toBe(1);
    store.clear();
    isAgain = true;
    expect(await drayage(...copy)).toMatchObject({ code: 0 });
    const sent = store.requests.filter(({ operation }) => operation === "UploadPart");
    const numbers = sent.map(({ query }) => Number(new URLSearchParams(query).get("partNumber")));
    expect(numbers.toSorted((one, other) => one - other)).toEqual(expected);
    expect(store.bucket().uploads()).toEqual([]);
  });

  test("a public bucket is readable with --no-creds", async () => {
    await using open = await startS3({ anonymous: true });
    const whole = await randomImage("open", { layers: 1 });
    await writeImage(whole, s3(open.access).parseReference("//bucket/open:1.0"));
    vi.stubEnv("AWS_ACCESS_KEY_ID", "unknown");
    const flags = ["--s3-endpoint", open.access.endpoint, "s3://bucket/open:1.0"];
    expect(await drayage("inspect", "--raw", "--no-creds", ...flags)).toMatchObject({ code: 0 });
    const named = await drayage("inspect", "--raw", ...flags);
    expect([named.code, named.stderr]).toEqual([1, expect.stringMatching(/does not know/)]);
  });

  test("the environment configures the endpoint", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", server.access.endpoint);
    vi.stubEnv("AWS_REGION", server.access.region);
    const { code, stderr } = await drayage("inspect", "--raw", "s3://bucket/nothing:here");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/s3:\/\/bucket\/nothing/)]);
  });
});
