import { mediaTypes } from "@drayage/core";
import { describe, expect, test } from "vitest";

import type { CopyFlags } from "../../../src/commands/copy/copy-flags.ts";
import { copyOptionsOf } from "../../../src/commands/copy/copy-options.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

/** The platform of this machine, computed without the code under test. */
const own = {
  os: "linux",
  architecture: { x64: "amd64", arm64: "arm64" }[process.arch as "x64"],
};

function optionsOf(flags: Omit<CopyFlags, "progress">): ReturnType<typeof copyOptionsOf> {
  return copyOptionsOf({ progress: "auto", ...flags });
}

describe("flags select the images to copy", () => {
  test.each([
    { flags: {}, instances: "system", platform: own },
    { flags: { all: true }, instances: "all", platform: own },
    { flags: { multiArch: "all" }, instances: "all", platform: own },
    { flags: { multiArch: "index-only" }, instances: "index-only", platform: own },
    { flags: { multiArch: "system" }, instances: "system", platform: own },
    { flags: { platform: ["linux/arm64"] }, instances: "system", platform: arm64 },
    {
      flags: { platform: ["linux/arm64"], all: true },
      instances: { platforms: [arm64] },
      platform: own,
    },
    {
      flags: { platform: ["linux/amd64", "linux/arm64"] },
      instances: { platforms: [amd64, arm64] },
      platform: own,
    },
    {
      flags: { multiArch: "linux/amd64,linux/arm64" },
      instances: { platforms: [amd64, arm64] },
      platform: own,
    },
    {
      flags: { overrideArch: "arm", overrideVariant: "v7" },
      instances: "system",
      platform: { os: "linux", architecture: "arm", variant: "v7" },
    },
    {
      flags: { overrideOs: "windows", overrideArch: "amd64" },
      instances: "system",
      platform: { os: "windows", architecture: "amd64" },
    },
  ] as const)("$flags", ({ flags, instances, platform }) => {
    expect(optionsOf(flags)).toMatchObject({ instances, platform });
  });

  test.each([
    [{ all: true, multiArch: "all" }, /--multi-arch and --all/],
    [{ multiArch: "all", platform: ["linux/amd64"] }, /--multi-arch and --platform/],
    [{ stripRemovedPlatforms: true }, /requires a list of platforms/],
    [{ multiArch: "all", keepRemovedPlatforms: true }, /requires a list of platforms/],
    [{ multiArch: "index-only", stripRemovedPlatforms: true }, /requires a list of platforms/],
    [
      { multiArch: "linux/amd64", stripRemovedPlatforms: true, keepRemovedPlatforms: true },
      /contradict each other/,
    ],
    [{ multiArch: "linux" }, /Not a platform: "linux"/],
    [{ platform: ["linux"] }, /Not a platform: "linux"/],
    [{ platform: ["linux/amd64"], overrideArch: "arm64" }, /use --platform alone/],
  ] as const)("%j is rejected", (flags, message) => {
    expect(() => optionsOf(flags)).toThrow(message);
  });
});

describe("flags for the other platforms of a list", () => {
  const list = { multiArch: "linux/amd64,linux/arm64" };
  test.each([
    [list, undefined],
    [{ ...list, stripRemovedPlatforms: true }, "strip"],
    [{ ...list, keepRemovedPlatforms: true }, "keep"],
    [{ platform: ["linux/amd64"], all: true, keepRemovedPlatforms: true }, "keep"],
  ] as const)("%j", (flags, expected) => {
    expect(optionsOf(flags).missingInstances).toBe(expected);
  });
});

describe("--format selects the manifest type", () => {
  test.each([
    [undefined, undefined],
    ["oci", mediaTypes.ociManifest],
    ["v2s2", mediaTypes.dockerManifest],
    ["v2s1", mediaTypes.dockerSchema1Signed],
  ])("%s becomes %s", (format, manifestMIMEType) => {
    expect(optionsOf(format === undefined ? {} : { format }).manifestMIMEType).toBe(
      manifestMIMEType,
    );
  });

  test.each(["v1", "docker", ""])("%j is rejected", (format) => {
    expect(() => optionsOf({ format })).toThrow(/--format/);
  });
});

test("--image-parallel-copies sets parallelBlobs", () => {
  expect(optionsOf({ imageParallelCopies: 3 }).parallelBlobs).toBe(3);
  expect(optionsOf({}).parallelBlobs).toBeUndefined();
});

describe("--referrers and --referrer-type set referrers", () => {
  test.each([
    [{}, undefined],
    [{ referrers: true }, true],
    [{ referrers: true, referrerType: ["a/b", "c/d"] }, { artifactTypes: ["a/b", "c/d"] }],
    [{ referrerType: ["a/b"] }, { artifactTypes: ["a/b"] }],
  ] as const)("%j", (flags, referrers) => {
    expect(optionsOf(flags).referrers).toEqual(referrers);
  });
});
