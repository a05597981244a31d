import { describe, expect, test } from "vitest";

import { environmentProxies, isLoopback } from "../../src/wire/proxies.ts";

const secure = new URL("https://registry.example.com/v2/");

function proxyFor(
  url: string | URL,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  return environmentProxies({ environment })(new URL(url))?.href;
}

describe("the proxy is selected", () => {
  test.each([
    [{}, undefined],
    [{ HTTPS_PROXY: "http://one:3128" }, "http://one:3128/"],
    [{ https_proxy: "http://one:3128" }, "http://one:3128/"],
    [{ HTTPS_PROXY: "http://one:3128", https_proxy: "http://two" }, "http://one:3128/"],
    [{ HTTPS_PROXY: "", https_proxy: "http://two" }, "http://two/"],
    [{ HTTP_PROXY: "http://one:3128" }, undefined],
    [{ HTTPS_PROXY: "one:3128" }, "http://one:3128/"],
    [{ HTTPS_PROXY: "https://ann:secret@one" }, "https://ann:secret@one/"],
  ])("for https among %j: %s", (environment, found) => {
    expect(proxyFor(secure, environment)).toBe(found);
  });

  test("for http by its own variable", () => {
    const environment = { HTTPS_PROXY: "http://one", HTTP_PROXY: "http://two" };
    expect(proxyFor("http://registry.example.com", environment)).toBe("http://two/");
  });

  test.each([
    ["", false],
    ["*", true],
    ["example.com", true],
    ["registry.example.com", true],
    ["Registry.Example.COM", true],
    ["try.example.com", false],
    [".example.com", true],
    [".registry.example.com", false],
    ["*.example.com", true],
    ["*.registry.example.com", false],
    ["other.com, example.com ,", true],
    ["example.com:443", true],
    ["example.com:5000", false],
    ["10.0.0.0/8", false],
  ])("unless NO_PROXY is %j: %s", (value, isDirect) => {
    const found = proxyFor(secure, { HTTPS_PROXY: "http://one", NO_PROXY: value });
    expect(found === undefined).toBe(isDirect);
  });

  test.each([
    ["https://10.1.2.3", "10.0.0.0/8", true],
    ["https://11.1.2.3", "10.0.0.0/8", false],
    ["https://10.1.2.3:5000", "10.1.2.3:5000", true],
    ["https://10.1.2.3:5000", "10.1.2.3:5001", false],
    ["https://[fd00::1]:5000", "fd00::/16", true],
    ["https://[fd00::1]:5000", "fd00:0::1", true],
    ["https://[fd00::1]:5000", "[fd00::1]:5000", true],
    ["https://[fd00::1]:5000", "[fd00::1]:5001", false],
    ["http://example.com", "example.com:80", true],
  ])("for %s unless NO_PROXY is %j: %s", (url, value, isDirect) => {
    const proxies = { HTTPS_PROXY: "http://one", HTTP_PROXY: "http://one" };
    expect(proxyFor(url, { ...proxies, no_proxy: value }) === undefined).toBe(isDirect);
  });

  test.each(["localhost:5000", "127.0.0.1", "127.9.9.9", "[::1]:5000"])(
    "but not for %s",
    (host) => {
      expect(proxyFor(`https://${host}`, { HTTPS_PROXY: "http://one" })).toBeUndefined();
    },
  );

  test.each(["ftp://ann:secret@one", "socks5://ann:secret@one", "http://ann:secret@:x"])(
    "and %s is rejected without the value in the message",
    (value) => {
      let message = "";
      try {
        proxyFor(secure, { HTTPS_PROXY: value });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain("HTTPS_PROXY");
      expect(message).not.toContain("secret");
    },
  );
});

test.each(["localhost.example.com", "127.0.0.1.example.com", "128.0.0.1", "10.127.0.0"])(
  "%s is not this machine",
  (host) => expect(isLoopback(host)).toBe(false),
);
