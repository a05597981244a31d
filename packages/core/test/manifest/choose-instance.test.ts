import { afterEach, describe, expect, test, vi } from "vitest";

import { chooseInstance, chooseInstances } from "../../src/manifest/choose-instance.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { formatPlatform, hostPlatform, parsePlatform } from "../../src/manifest/platform.ts";
import { rawManifest } from "../sample-images.ts";

afterEach(() => void vi.restoreAllMocks());

/** Entries such as `linux/amd64`, `-` (without platform) and `linux/amd64+zstd`. Their size is their position. */
function indexOf(...entries: readonly string[]): ImageIndex {
  const manifests = entries.map((entry, at) => {
    const [platform = "", zstd] = entry.split("+");
    return {
      mediaType: mediaTypes.ociManifest,
      digest: `sha256:${String(at).padStart(64, "0")}`,
      size: at,
      ...(platform !== "-" && { platform: parsePlatform(platform) }),
      ...(zstd && { annotations: { "io.github.containers.compression.zstd": "true" } }),
    };
  });
  const content = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  return parseManifest(rawManifest(content)) as ImageIndex;
}

describe("the instance for a platform", () => {
  test.each([
    ["linux/amd64", ["linux/arm64", "linux/amd64"], 1],
    ["linux/amd64", ["windows/amd64", "linux/amd64", "linux/amd64"], 1],
    ["linux/arm/v7", ["linux/arm/v6", "linux/arm/v7", "linux/arm/v8"], 1],
    ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], 1],
    ["linux/arm/v7", ["linux/arm", "linux/arm/v6"], 1],
    ["linux/arm/v6", ["linux/arm/v7", "linux/arm"], 1],
    ["linux/arm", ["linux/arm/v6", "linux/arm/v8"], 1],
    ["linux/arm", ["linux/arm/v6", "linux/arm"], 1],
    ["linux/arm64", ["linux/arm64/v8"], 0],
    ["linux/arm64/v8", ["linux/arm64"], 0],
    ["linux/amd64/v3", ["linux/amd64"], 0],
    ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v3"], 1],
    ["linux/arm/v8", ["linux/amd64", "linux/arm/v6"], 1],
    ["linux/amd64", ["-", "linux/amd64"], 1],
    ["linux/amd64", ["linux/arm64", "-"], 1],
    ["linux/amd64", ["linux/amd64", "linux/amd64+zstd"], 1],
    ["linux/arm/v7", ["linux/arm/v6+zstd", "linux/arm/v7"], 1],
  ])("%s out of %j", (wanted, entries, expected) => {
    expect(chooseInstance(indexOf(...entries), parsePlatform(wanted)).size).toBe(expected);
  });

  test.each([
    ["linux/s390x", ["linux/amd64", "unknown/unknown"]],
    ["darwin/arm64", ["linux/amd64", "linux/amd64"]],
    ["linux/arm/v6", ["linux/amd64", "linux/arm/v7"]],
  ])("%s is not in %j, and the error lists the available ones", (wanted, entries) => {
    const attempt = (): unknown => chooseInstance(indexOf(...entries), parsePlatform(wanted));
    expect(attempt).toThrow(expect.objectContaining({ code: "not-found" }));
    expect(attempt).toThrow("linux/amd64");
    expect(attempt).not.toThrow("unknown/unknown");
  });
});

test.each([
  ["linux/arm/v9", ["linux/arm/v5", "-"], "available: linux/arm/v5"],
  ["linux/amd64", [], "available: none"],
  ["linux/amd64", ["unknown/unknown"], "available: none"],
])(
  "%s is not available in %j, and the message contains the available ones",
  (wanted, entries, message) => {
    const index = indexOf(...entries);
    expect(() => chooseInstances(index, [parsePlatform(wanted)])).toThrow(
      new RegExp(`; ${message}$`),
    );
  },
);

describe("the instances of selected platforms", () => {
  const index = indexOf(
    "linux/amd64",
    "linux/arm/v6",
    "linux/arm/v7",
    "unknown/unknown",
    "windows/amd64",
    "-",
  );
  const chosen = (...platforms: readonly string[]): readonly number[] =>
    chooseInstances(index, platforms.map(parsePlatform)).map(({ size }) => size);

  test("include all their variants, in the order of the index", () => {
    expect(chosen("linux/arm", "linux/amd64")).toEqual([0, 1, 2]);
    expect(chosen("linux/arm/v7")).toEqual([2]);
  });

  test("must all exist", () => {
    expect(() => chosen("linux/amd64", "linux/s390x")).toThrow(
      expect.objectContaining({ code: "not-found" }),
    );
  });
});

describe("a platform", () => {
  test.each(["linux/amd64", "linux/arm/v7", "windows/amd64"])("%s is parsed back", (text) => {
    expect(formatPlatform(parsePlatform(text))).toBe(text);
  });

  test.each(["", "linux", "linux/", "/amd64", "a/b/c/d", "linux amd64"])("is not %j", (text) => {
    expect(() => parsePlatform(text)).toThrow(
      expect.objectContaining({ code: "invalid-reference" }),
    );
  });

  test("of this machine is linux", () => {
    // The name in Go, which differs from those of `uname` and Node.
    const architectures = { x64: "amd64", arm64: "arm64", ia32: "386", ppc64: "ppc64le" };
    const { arch } = process;
    expect(hostPlatform()).toMatchObject({
      os: "linux",
      architecture: arch in architectures ? architectures[arch as "x64"] : arch,
    });
  });

  test.each([
    ["x64", "amd64"],
    ["ia32", "386"],
    ["arm64", "arm64"],
    ["s390x", "s390x"],
    ["ppc64", "ppc64le"],
    ["mipsel", "mipsle"],
    ["constructor", "constructor"],
  ])("of a machine with %s in Node has the architecture %s", (arch, architecture) => {
    vi.spyOn(process, "arch", "get").mockReturnValue(arch as NodeJS.Architecture);
    expect(hostPlatform()).toEqual({ os: "linux", architecture });
  });

  test("of an arm machine has its variant", () => {
    vi.spyOn(process, "arch", "get").mockReturnValue("arm");
    expect(formatPlatform(hostPlatform())).toMatch(/^linux\/arm\/v[5-8]$/);
  });
});
