import { writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, Retries } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import { newAuthority, opensslProgram, scratchFolder, startProxy } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { proxiesOf } from "../../src/http/proxies.ts";
import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const secure = new URL("https://registry.example.com/v2/");

describe("the proxy is selected", () => {
  test.each(["localhost:5000", "127.0.0.1", "127.9.9.9", "[::1]:5000"])(
    "but not for %s",
    (host) => {
      const always = proxiesOf({ proxy: new URL("http://one") });
      expect(always(new URL(`https://${host}`))).toBeUndefined();
    },
  );

  test("by a setting, which takes precedence over the environment", () => {
    const system = { environment: { HTTPS_PROXY: "http://one" } };
    expect(proxiesOf({ system })(secure)?.href).toBe("http://one/");
    expect(proxiesOf({ system, proxy: new URL("http://two") })(secure)?.href).toBe("http://two/");
    expect(proxiesOf({ system, proxy: false })(secure)).toBeUndefined();
  });
});

async function tagsAt(host: string, settings: DockerSettings): Promise<readonly string[]> {
  const retries = new Retries({ initialDelay: 1 });
  return Array.fromAsync(docker(settings).parseReference(`//${host}/a`).getTags({ retries }));
}

describe("a registry behind a proxy", () => {
  test("is reached by http, and only the proxy gets its password", async () => {
    await using proxy = await startProxy();
    const seen: unknown[] = [];
    await using server = await startServer(({ headers }, response) => {
      seen.push(headers);
      response.end('{"tags":["1"]}');
    });
    const through = new URL(proxy.url);
    [through.username, through.password] = ["ann", "se cret"];
    const system = { environment: { HTTP_PROXY: through.href } };
    const host = `registry.test:${server.port}`;
    expect(await tagsAt(host, { insecure: true, system })).toEqual(["1"]);
    expect(proxy.requests.at(-1)).toBe(`GET http://${host}/v2/a/tags/list`);
    const basic = `Basic ${Buffer.from("ann:se cret").toString("base64")}`;
    expect(proxy.authorizations.at(-1)).toBe(basic);
    expect(seen).toMatchObject([{ host }]);
    expect(JSON.stringify(seen)).not.toContain(basic);
  });

  test("accepts an image by https", async ({ skip }) => {
    skip(opensslProgram === undefined, "needs openssl");
    await using proxy = await startProxy();
    const certDir = await scratchFolder();
    const authority = newAuthority(await scratchFolder(), "authority");
    await writeFile(path.join(certDir, "ca.crt"), authority.certificate);
    await using registry = await startRegistry({ tls: authority.issue("registry") });
    const image = await randomImage("by way of a proxy", { layers: 3 });
    const host = `registry.test:${registry.host.split(":").at(-1)}`;
    const settings = { certDir, proxy: proxy.url, system: { environment: {} } };
    const to = docker(settings).parseReference(`//${host}/a:1`);
    await copyImage(await inMemory(image), to);
    expect(registry.tags("a")).toEqual(["1"]);
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${host}`]));
    await expect(tagsAt(host, { ...settings, certDir: undefined })).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      message: expect.stringContaining(`through the proxy ${proxy.url.host}`) as string,
    });
  });

  test("is unavailable if the proxy rejects the request", async () => {
    await using proxy = await startProxy(407);
    const through = new URL(proxy.url);
    through.password = "secret";
    const failing = tagsAt("registry.test", { proxy: through });
    await expect(failing).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/proxy 127\.0\.0\.1:\d+, .*407; .*password/) as string,
    });
    await expect(failing).rejects.not.toMatchObject({
      message: expect.stringContaining("secret") as string,
    });
    expect(proxy.requests).toHaveLength(1);
  });

  test("is unavailable if the proxy does not run, which is named", async () => {
    const proxy = await startProxy();
    await proxy[Symbol.asyncDispose]();
    await expect(tagsAt("registry.test", { proxy: proxy.url })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(
        `The proxy ${proxy.url.host}, .* refuses connections`,
      ) as string,
    });
  });

  test("is unavailable if the proxy never responds", async () => {
    await using server = await startServer(() => {});
    const settings = { proxy: new URL(server.origin), insecure: true, idleTimeout: 200 };
    await expect(tagsAt("registry.test", settings)).rejects.toMatchObject({ code: "unavailable" });
  });
});
