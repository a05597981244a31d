import { digestOf, openImage } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Answer, Registry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerReference } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const image = await randomImage("listings", { layers: 1 });

function named({ host }: { readonly host: string }, name: string): DockerReference {
  return docker().parseReference(`//${host}/${name}`);
}

const notLists = [
  ["a web page", "<html><body>log in</body></html>"],
  ["empty", ""],
  ["an object without a list", "{}"],
  ["an array", "[]"],
  ["not JSON", "nonsense"],
  ["truncated", '{"name":"a","FIELD":["1","'],
  ["an object instead of the list", '{"name":"a","FIELD":{}}'],
  ["a string instead of the list", '{"name":"a","FIELD":"1"}'],
  ["a list of numbers", '{"name":"a","FIELD":[1]}'],
  ["a list of lists", '{"name":"a","FIELD":[["1"]]}'],
  ["null", "null"],
] as const;

async function withTags(registry: Registry, count: number): Promise<readonly string[]> {
  const tags = Array.from({ length: count }, (_, at) => `1.${String(at).padStart(2, "0")}`);
  for (const tag of tags) await registry.putImage("a", image, tag);
  return tags;
}

describe("tags", () => {
  test("are listed page by page", async () => {
    await using registry = await startRegistry({ pageSize: 3 });
    const tags = await withTags(registry, 8);
    expect(await Array.fromAsync(named(registry, "a").getTags())).toEqual(tags);
    expect(registry.requests).toHaveLength(3);
  });

  test("are requested only as far as they are read", async () => {
    await using registry = await startRegistry({ pageSize: 3 });
    await withTags(registry, 8);
    for await (const _ of named(registry, "a").getTags()) break;
    expect(registry.requests).toHaveLength(1);
  });

  test("have a limit for their total length", async () => {
    let pages = 0;
    await using server = await startServer((_, response) => {
      const start = `${++pages}-`;
      const tags = Array.from({ length: 80_000 }, (__, at) => `${start}${at}`.padEnd(128, "x"));
      response.setHeader("link", `</v2/a/tags/list?page=${pages}>; rel="next"`);
      response.end(JSON.stringify({ name: "a", tags }));
    });
    await expect(Array.fromAsync(named(server, "a").getTags())).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/tags of .* has more than \d+ characters/) as string,
    });
    expect(pages).toBe(4);
  });

  test("skip null, empty and digest entries", async () => {
    await using server = await startServer((_, response) => {
      response.end(JSON.stringify({ tags: [null, "", image.manifest.digest, "1"] }));
    });
    expect(await Array.fromAsync(named(server, "a").getTags())).toEqual(["1"]);
  });

  test.each([
    ['{"name":"a","tags":null}', []],
    ['{"name":"a","tags":[]}', []],
    ['{"tags":["1"]}', ["1"]],
    ['{"name":"mirror/a","tags":["1"]}', ["1"]],
    ['{"name":null,"tags":["1"]}', ["1"]],
  ])("may be written as %s", async (body, tags) => {
    await using server = await startServer((_, response) => void response.end(body));
    expect(await Array.fromAsync(named(server, "a").getTags())).toEqual(tags);
  });

  test.each(notLists)("of a page that is %s are an error, not an empty list", async (_, body) => {
    await using server = await startServer((__, response) => {
      response.setHeader("content-type", body.startsWith("<") ? "text/html" : "application/json");
      response.end(body.replaceAll("FIELD", "tags"));
    });
    const listed = Array.fromAsync(named(server, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "unavailable", retryable: false });
  });

  test.each([
    ["of another repository", '{"name":"b","tags":["1"]}'],
    ["without tags or name", '{"tags":null}'],
    ["with a name that is not a string", '{"name":1,"tags":["1"]}'],
    ["with an entry that is not a tag", '{"name":"a","tags":["a b"]}'],
  ])("of a page %s are an error", async (_, body) => {
    await using server = await startServer((__, response) => void response.end(body));
    const listed = Array.fromAsync(named(server, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "unavailable" });
  });

  test("of a second page that is not a list are an error", async () => {
    await using server = await startServer(({ url }, response) => {
      const isFirst = url === "/v2/a/tags/list";
      if (isFirst) response.setHeader("link", '</v2/a/tags/list?last=1>; rel="next"');
      response.end(isFirst ? '{"tags":["1"]}' : "<html>log in</html>");
    });
    const listed = Array.fromAsync(named(server, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "unavailable" });
  });

  test("of a response without content are an error", async () => {
    await using server = await startServer((_, response) => void response.writeHead(204).end());
    const listed = Array.fromAsync(named(server, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "unavailable", status: 204 });
  });

  test("end with an error after many empty pages", async () => {
    let pages = 0;
    await using server = await startServer((_, response) => {
      response.setHeader("link", `<?n=${++pages}>; rel="next"`).end('{"tags":[]}');
    });
    const listed = Array.fromAsync(named(server, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "unsupported" });
    expect(pages).toBeLessThan(1000);
  });

  test("continue on the same origin for any link", async () => {
    await using external = await startServer((_, response) => void response.end("{}"));
    await using server = await startServer(({ url }, response) => {
      const isFirst = url === "/v2/a/tags/list";
      if (isFirst) {
        const target = `${external.origin}/v2/a/tags/list?n=1&last=x`;
        response.setHeader("link", `</other>; rel="prev", <${target}>; title="a"; rel=next`);
      }
      response.end(JSON.stringify({ tags: [isFirst ? "1" : "2"] }));
    });
    expect(await Array.fromAsync(named(server, "a").getTags())).toEqual(["1", "2"]);
    expect(external.requests).toEqual([]);
  });

  test("with a cycle of pages end with an error", async () => {
    await using server = await startServer((_, response) => {
      response.setHeader("link", '<?n=1>; rel="next"').end('{"tags":["1"]}');
    });
    const listed = Array.fromAsync(named(server, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "unsupported" });
  });

  test("of a missing repository are not found", async () => {
    await using registry = await startRegistry();
    const listed = Array.fromAsync(named(registry, "a").getTags());
    await expect(listed).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("the error for a missing image", () => {
  async function messageFor(registry: Registry, name: string): Promise<string> {
    const error: unknown = await openImage(named(registry, name)).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "not-found", status: 404 });
    return String(error);
  }

  test("suggests a similar tag and lists ten tags", async () => {
    await using registry = await startRegistry();
    await withTags(registry, 12);
    await registry.putImage("a", image, "latest");
    const message = await messageFor(registry, "a:lastest");
    expect(message).toContain("did you mean latest? available tags: 1.00, 1.01");
    expect(message).toContain("1.09 and 3 more");
    expect(registry.requests).toHaveLength(2);
  });

  test("suggests no tag if none is similar", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    expect(await messageFor(registry, "a:something")).toMatch(/; available tags: 1$/);
  });

  test("reports a missing repository", async () => {
    await using registry = await startRegistry();
    expect(await messageFor(registry, "nothing:1")).toMatch(
      /the repository .*\/nothing does not exist$/,
    );
  });

  test("for a digest lists no tags", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    await messageFor(registry, `a@${digestOf(Buffer.from("x"))}`);
    expect(registry.requests).toHaveLength(1);
  });

  test("lists no tags if listing fails", async () => {
    const denied: Answer = { status: 403 };
    await using registry = await startRegistry({
      intercept: ({ path }) => (path.endsWith("/tags/list") ? denied : undefined),
    });
    await registry.putImage("a", image, "1");
    expect(await messageFor(registry, "a:2")).toContain("404");
  });
});

describe("repositories", () => {
  test("are listed page by page", async () => {
    await using registry = await startRegistry({ pageSize: 2 });
    const names = ["a", "b/c", "d", "e", "f/g/h"];
    for (const name of names) await registry.putImage(name, image, "1");
    registry.clear();
    expect(await Array.fromAsync(docker().getRepositories(registry.host))).toEqual(names);
    expect(registry.requests.map(({ path }) => path)).toEqual(
      Array.from({ length: 3 }, () => "/v2/_catalog"),
    );
  });

  test("require their own scope", async () => {
    const users = { ann: { password: "secret" } };
    const authentication = { kind: "bearer", users } as const;
    await using registry = await startRegistry({ authentication });
    const credentials = { username: "ann", password: "secret" };
    await registry.putImage("a", image, "1");
    const listed = Array.fromAsync(docker({ credentials }).getRepositories(registry.host));
    expect(await listed).toEqual(["a"]);
  });

  test.each(notLists)("of a page that is %s are an error, not an empty list", async (_, body) => {
    await using server = await startServer((__, response) => {
      response.end(body.replaceAll("FIELD", "repositories"));
    });
    const listed = Array.fromAsync(docker().getRepositories(server.host));
    await expect(listed).rejects.toMatchObject({ code: "unavailable" });
  });

  test("of an empty registry are an empty list", async () => {
    await using server = await startServer((_, response) => {
      response.end('{"repositories":null}');
    });
    expect(await Array.fromAsync(docker().getRepositories(server.host))).toEqual([]);
  });

  test("of a registry without this list are unsupported", async () => {
    await using registry = await startRegistry({ intercept: () => ({ status: 404 }) });
    const listed = Array.fromAsync(docker().getRepositories(registry.host));
    await expect(listed).rejects.toMatchObject({ code: "unsupported" });
  });

  test.each(["registry", "host.example/name", "", "a b"])(
    "require a valid host, not %j",
    async (host) => {
      const listed = Array.fromAsync(docker().getRepositories(host));
      await expect(listed).rejects.toMatchObject({ code: "invalid-reference" });
    },
  );
});
