import { afterEach, describe, expect, test, vi } from "vitest";

import { chooseInstance, chooseInstances } from "../../src/manifest/choose-instance.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { formatPlatform, hostPlatform, parsePlatform } from "../../src/manifest/platform.ts";
import { rawManifest } from "../sample-images.ts";

afterEach(() => void vi.restoreAllMocks());

function digestAt(position: number): string {
  return `sha256:${String(position).padStart(64, "0")}`;
}

/** Entries such as `linux/amd64`, `-` (without platform) and `linux/amd64+zstd`. Their size is their position. */
function indexOf(...entries: readonly string[]): ImageIndex {
  const manifests = entries.map((entry, at) => {
    const [platform = "", zstd] = entry.split("+");
    return {
      mediaType: mediaTypes.ociManifest,
      digest: digestAt(at),
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

describe("attestations", () => {
  const entry = (at: number, more: object): object => ({
    mediaType: mediaTypes.ociManifest,
    digest: digestAt(at),
    size: at,
    ...more,
  });
  const attestation = (at: number, of: number, type = "attestation-manifest"): object =>
    entry(at, {
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": type,
        "vnd.docker.reference.digest": digestAt(of),
      },
    });
  const manifests = [
    entry(0, { platform: { os: "linux", architecture: "amd64" } }),
    entry(1, { platform: { os: "linux", architecture: "arm64" } }),
    attestation(2, 0),
    attestation(3, 1),
    attestation(4, 0, "other"),
    entry(5, { platform: { os: "unknown", architecture: "unknown" } }),
    entry(6, {
      platform: { os: "windows", architecture: "amd64", "os.version": "10.0.20348.2340" },
    }),
  ];
  const content = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const index = parseManifest(rawManifest(content)) as ImageIndex;

  test.each([
    [["linux/amd64"], [0, 2]],
    [["linux/arm64"], [1, 3]],
    [
      ["linux/arm64", "linux/amd64"],
      [0, 1, 2, 3],
    ],
    [["windows/amd64"], [6]],
    [["unknown/unknown"], [2, 3, 4, 5]],
  ])("are selected with the instances that they describe: %j", (platforms, expected) => {
    const chosen = chooseInstances(index, platforms.map(parsePlatform));
    expect(chosen.map(({ size }) => size)).toEqual(expected);
  });

  test("are never selected for a machine", () => {
    expect(chooseInstance(index, parsePlatform("linux/arm64")).size).toBe(1);
  });

  test("are not among the available platforms, which include versions", () => {
    expect(() => chooseInstances(index, [parsePlatform("windows(10.0.17763)/amd64")])).toThrow(
      /No image for windows\(10.0.17763\)\/amd64; available: linux\/amd64, linux\/arm64, windows\(10.0.20348.2340\)\/amd64$/,
    );
  });
});

describe("a platform", () => {
  test.each([
    "linux/amd64",
    "linux/arm/v7",
    "windows/amd64",
    "windows(10.0.20348.2340)/amd64",
    "windows(10.0.17763+win32k+other)/amd64",
    "windows(+win32k)/amd64",
  ])("%s is parsed back", (text) => {
    expect(formatPlatform(parsePlatform(text))).toBe(text);
  });

  test.each([
    "",
    "linux",
    "linux/",
    "/amd64",
    "a/b/c/d",
    "linux amd64",
    "linux(1/amd64",
    "linux(1+)/amd64",
    "(1)/amd64",
  ])("is not %j", (text) => {
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
