import path from "node:path";

import { copyImage, Retries } from "@drayage/core";
import type { CopyResult, Digest } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistrySettings } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import { descriptorOf, inMemory, randomArtifact, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../src/index.ts";
import type { DockerReference, DockerSettings } from "../src/index.ts";
import { startServer } from "./recording-server.ts";
import { confWith } from "./registries-conf/scratch-conf.ts";

const image = await randomImage("mirrors", { layers: 4, layerSize: 200_000 });
const { digest } = image.manifest;
const [largest = "sha256:" as Digest] = [...image.blobs]
  .toSorted(([, a], [, b]) => b.byteLength - a.byteLength)
  .map(([blob]) => blob);
const ann = { username: "ann", password: "secret" };
const users = { ann: { password: "secret" } };

interface Host {
  readonly host: string;
}

interface MirrorSettings {
  readonly name?: string;
  /** Settings of each mirror. */
  readonly more?: string;
  readonly blocked?: boolean;
}

/** A reference to the image `a` of a registry with mirrors. */
async function mirrored(
  { host }: Host,
  mirrors: readonly Host[],
  { name = "a:1", more = "", blocked = false, ...settings }: DockerSettings & MirrorSettings = {},
): Promise<DockerReference> {
  const tables = mirrors.map(
    (mirror) => `[[registry.mirror]]\nlocation = "${mirror.host}"\n${more}`,
  );
  const conf = await confWith(
    `[[registry]]\nlocation = "${host}"\nblocked = ${blocked}\n${tables.join("\n")}`,
  );
  return docker({ ...conf, ...settings }).parseReference(`//${host}/${name}`);
}

/** Two registries with the image, with these settings. */
async function pair(
  settings: RegistrySettings = {},
): Promise<{ mirror: Registry; primary: Registry } & AsyncDisposable> {
  const [mirror, primary] = [await startRegistry(settings), await startRegistry()];
  for (const registry of [mirror, primary]) await registry.putImage("a", image, "1");
  return {
    mirror,
    primary,
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
    },
  };
}

async function pull(from: DockerReference): Promise<CopyResult> {
  const retries = new Retries({ maxAttempts: 1 });
  return copyImage(from, memory().parseReference("a"), { retries });
}

function pathsOf({ requests }: Registry): readonly string[] {
  return requests.map(({ method, path: requested }) => `${method} ${requested}`);
}

const blobCount = image.blobs.size;

describe("an image is read", () => {
  test("from its mirror only, if the mirror has it", async () => {
    await using both = await pair();
    expect((await pull(await mirrored(both.primary, [both.mirror]))).digest).toBe(digest);
    expect(both.mirror.requests).toHaveLength(1 + blobCount);
    expect(both.primary.requests).toEqual([]);
  });

  test("from the first mirror that has it", async () => {
    await using both = await pair();
    await using empty = await startRegistry();
    await pull(await mirrored(both.primary, [empty, both.mirror]));
    expect(pathsOf(empty)).toEqual(["GET /v2/a/manifests/1"]);
    expect(both.mirror.requests).toHaveLength(1 + blobCount);
    expect(both.primary.requests).toEqual([]);
  });

  test("from its registry if no mirror has it", async () => {
    await using both = await pair();
    await using empty = await startRegistry();
    await pull(await mirrored(both.primary, [empty]));
    expect(pathsOf(empty)).toEqual(["GET /v2/a/manifests/1"]);
    expect(both.primary.requests).toHaveLength(1 + blobCount);
  });

  test("from its registry if a mirror is down", async () => {
    await using both = await pair();
    const gone = await startRegistry();
    await gone[Symbol.asyncDispose]();
    await pull(await mirrored(both.primary, [gone]));
    expect(both.primary.requests).toHaveLength(1 + blobCount);
  });

  test("from its registry if a mirror fails", async () => {
    await using both = await pair({ intercept: () => ({ status: 502 }) });
    await pull(await mirrored(both.primary, [both.mirror]));
    expect(both.mirror.requests).toHaveLength(2);
    expect(both.primary.requests).toHaveLength(1 + blobCount);
  });

  test("from its registry if a mirror requests a long delay", async () => {
    const headers = { "Retry-After": "50" };
    await using both = await pair({ intercept: () => ({ status: 429, headers }) });
    await pull(await mirrored(both.primary, [both.mirror]));
    expect(both.mirror.requests).toHaveLength(1);
    expect(both.primary.requests).toHaveLength(1 + blobCount);
  });

  test("by tag not from a mirror for digests", async () => {
    await using both = await pair();
    const more = 'pull-from-mirror = "digest-only"';
    await pull(await mirrored(both.primary, [both.mirror], { more }));
    expect(both.mirror.requests).toEqual([]);
    await pull(await mirrored(both.primary, [both.mirror], { more, name: `a:1@${digest}` }));
    expect(both.mirror.requests).toHaveLength(1 + blobCount);
  });

  test("from the mirror of a blocked registry", async () => {
    await using both = await pair();
    await pull(await mirrored(both.primary, [both.mirror], { blocked: true }));
    expect(both.mirror.requests).toHaveLength(1 + blobCount);
    expect(both.primary.requests).toEqual([]);
  });
});

describe("a blob that a mirror", () => {
  const isLargest = (requested: string): boolean => requested.endsWith(largest);

  test("does not have is read from the registry", async () => {
    await using both = await pair({
      intercept: ({ path: requested }) => (isLargest(requested) ? { status: 404 } : undefined),
    });
    await pull(await mirrored(both.primary, [both.mirror]));
    expect(pathsOf(both.primary)).toEqual([`GET /v2/a/blobs/${largest}`]);
    expect(both.mirror.requests).toHaveLength(1 + blobCount);
  });

  test("has with another length is read from the registry", async () => {
    await using both = await pair({
      intercept: ({ path: requested }) =>
        isLargest(requested) ? { status: 200, body: "something else" } : undefined,
    });
    await pull(await mirrored(both.primary, [both.mirror]));
    expect(pathsOf(both.primary)).toEqual([`GET /v2/a/blobs/${largest}`]);
  });

  test("returns partially is resumed at the registry", async () => {
    const beginning = 100_000;
    let requested = 0;
    await using both = await pair({
      intercept: (request) =>
        isLargest(request.path) && ++requested > 1 ? { status: 404 } : undefined,
      async *transformBody(request, body) {
        let left = isLargest(request.path) ? beginning : Infinity;
        for await (const chunk of body) {
          yield chunk.subarray(0, left);
          left -= Math.min(left, chunk.byteLength);
        }
      },
    });
    await pull(await mirrored(both.primary, [both.mirror]));
    const size = image.blobs.get(largest)?.byteLength ?? 0;
    expect(both.primary.requests).toMatchObject([
      { path: `/v2/a/blobs/${largest}`, responseBytes: size - beginning },
    ]);
  });

  test("corrupts is rejected", async () => {
    await using both = await pair({
      async *transformBody({ path: requested }, body) {
        for await (const chunk of body)
          yield isLargest(requested) ? chunk.map((byte) => ~byte) : chunk;
      },
    });
    const copy = pull(await mirrored(both.primary, [both.mirror]));
    await expect(copy).rejects.toMatchObject({ code: "digest-mismatch" });
  });
});

describe("if no repository has an image", () => {
  test("the error is that of its registry, with the messages of the mirrors", async () => {
    await using mirror = await startRegistry({ intercept: () => ({ status: 403 }) });
    await using primary = await startRegistry();
    const error: unknown = await pull(await mirrored(primary, [mirror])).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: "not-found",
      status: 404,
      cause: { errors: [{ status: 404 }, { code: "denied", status: 403 }] },
    });
    const message = String(error);
    expect(message.indexOf(primary.host)).toBeLessThan(message.indexOf(mirror.host));
  });

  test("an abort rejects with its reason", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    await using both = await pair({
      intercept: () => {
        stop.abort(reason);
        return "hang";
      },
    });
    const from = await mirrored(both.primary, [both.mirror]);
    await using source = await from.newImageSource();
    await expect(source.getManifest(undefined, { signal: stop.signal })).rejects.toBe(reason);
    expect(both.primary.requests).toEqual([]);
  });
});

describe("credentials", () => {
  const bearer = { authentication: { kind: "basic", users } } as const;

  test("for the registry are not sent to a mirror on another host", async () => {
    await using mirror = await startServer((_, response) => {
      response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    });
    await using primary = await startRegistry(bearer);
    await primary.putImage("a", image, "1");
    await pull(await mirrored(primary, [mirror], { credentials: ann }));
    expect(mirror.authorizations).toEqual([undefined]);
    const registryToken = "token";
    const from = await mirrored(primary, [mirror], { registryToken });
    await expect(pull(from)).rejects.toMatchObject({ code: "denied" });
    expect(new Set(mirror.authorizations)).toEqual(new Set([undefined]));
  });

  test("are looked up by the host of a mirror", async () => {
    await using mirror = await startRegistry(bearer);
    await mirror.putImage("a", image, "1");
    await using primary = await startRegistry();
    const requested: string[] = [];
    const credentials = (host: string): typeof ann => {
      requested.push(host);
      return ann;
    };
    await pull(await mirrored(primary, [mirror], { credentials }));
    expect(new Set(requested)).toEqual(new Set([mirror.host]));
  });
});

describe("lists", () => {
  test("of tags come from the first mirror that has any", async () => {
    await using both = await pair();
    await using empty = await startRegistry();
    const from = await mirrored(both.primary, [empty, both.mirror]);
    await both.primary.putImage("a", image, "2");
    expect(await Array.fromAsync(from.getTags())).toEqual(["1"]);
    expect(both.primary.requests).toEqual([]);
  });

  test("of tags do not come from a mirror for digests", async () => {
    await using both = await pair();
    const more = 'pull-from-mirror = "digest-only"';
    const from = await mirrored(both.primary, [both.mirror], { more, name: `a@${digest}` });
    expect(await Array.fromAsync(from.getTags())).toEqual(["1"]);
    expect(both.mirror.requests).toEqual([]);
  });

  test("that are empty in all repositories are empty", async () => {
    await using primary = await startServer((_, response) => response.end('{"tags":[]}'));
    await using mirror = await startRegistry();
    expect(await Array.fromAsync((await mirrored(primary, [mirror])).getTags())).toEqual([]);
  });

  test("of referrers come from the first repository that has any", async () => {
    const referrer = await randomArtifact("referrer", { subject: descriptorOf(image) });
    await using both = await pair();
    await both.primary.putImage("a", referrer);
    const from = await mirrored(both.primary, [both.mirror]);
    await using source = await from.newImageSource();
    await source.getManifest();
    const found = await Array.fromAsync(source.getReferrers?.(digest) ?? []);
    expect(found.map((one) => one.digest)).toEqual([referrer.manifest.digest]);
  });
});

test("writes and deletions go to the registry itself", async () => {
  await using mirror = await startRegistry();
  await using primary = await startRegistry();
  const to = await mirrored(primary, [mirror]);
  await copyImage(await inMemory(image), to);
  expect(primary.tags("a")).toEqual(["1"]);
  await to.deleteImage();
  expect(primary.tags("a")).toEqual([]);
  expect(mirror.requests).toEqual([]);
});

test("a blob is mounted from the mirror that it would be read from", async () => {
  await using both = await pair();
  const from = await mirrored(both.primary, [both.mirror]);
  const to = docker({ registriesConf: false }).parseReference(`//${both.mirror.host}/b:1`);
  await copyImage(from, to);
  const sent = both.mirror.requests.filter(({ path: requested }) =>
    requested.includes("/v2/b/blobs/"),
  );
  expect(sent.map(({ method, status }) => `${method} ${status}`)).toEqual(
    Array.from(image.blobs, () => "POST 201"),
  );
});

test("an image has the policy identity of its original name", async () => {
  const from = await mirrored({ host: "a.example" }, [{ host: "b.example" }]);
  expect(from.policyConfigurationIdentity).toBe("a.example/a:1");
  expect(from.dockerReference).toMatchObject({ domain: "a.example" });
});

describe.skipIf(opensslProgram === undefined)(
  "a mirror with an untrusted certificate (needs openssl)",
  () => {
    async function requestsTo(insecure: boolean, settings: DockerSettings = {}): Promise<number> {
      const folder = await scratchFolder();
      const tls = newAuthority(folder, "authority").issue("server");
      await using both = await pair({ tls });
      const more = `insecure = ${insecure}`;
      await pull(await mirrored(both.primary, [both.mirror], { more, ...settings }));
      return both.mirror.requests.length;
    }

    test("is used if it is insecure, and the registry gets no request", async () => {
      expect(await requestsTo(true)).toBe(1 + blobCount);
    });

    test("is not used by default", async () => {
      expect(await requestsTo(false)).toBe(0);
    });

    test("honours the setting insecure, which overrides registries.conf", async () => {
      // The registry itself, which uses plain http, is not read either.
      const strict = requestsTo(true, { insecure: false });
      await expect(strict).rejects.toMatchObject({ code: "unavailable" });
      expect(await requestsTo(false, { insecure: true })).toBe(1 + blobCount);
    });
  },
);

describe.skipIf(distributionProgram === undefined)("with docker-registry", () => {
  test("an image is read through a pull-through mirror of a blocked registry", async () => {
    await using primary = await startRegistry();
    await primary.putImage("a", image, "1");
    await using mirror = await startDistribution({ mirrorOf: primary.origin });
    const from = await mirrored(primary, [mirror], { blocked: true });
    expect((await pull(from)).digest).toBe(digest);
    expect(await Array.fromAsync(from.getTags())).toEqual(["1"]);
  });
});

test("a mirror location with a path is a prefix of the repository", async () => {
  await using mirror = await startRegistry();
  await mirror.putImage(path.posix.join("proxy", "a"), image, "1");
  await using primary = await startRegistry();
  await pull(await mirrored(primary, [{ host: `${mirror.host}/proxy` }]));
  expect(primary.requests).toEqual([]);
});
