import { mediaTypes } from "@drayage/core";
import { describe, expect, test } from "vitest";

import type { CopyFlags } from "../../../src/commands/copy/copy-flags.ts";
import { copyOptionsOf } from "../../../src/commands/copy/copy-options.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

/** Of the machine that runs the tests, without asking the code under test. */
const own = {
  os: "linux",
  architecture: { x64: "amd64", arm64: "arm64" }[process.arch as "x64"],
};

function optionsOf(flags: Omit<CopyFlags, "progress">): ReturnType<typeof copyOptionsOf> {
  return copyOptionsOf({ progress: "auto", ...flags });
}

describe("which images are copied", () => {
  test.each([
    { flags: {}, instances: "system", platform: own },
    { flags: { all: true }, instances: "all", platform: own },
    { flags: { multiArch: "all" }, instances: "all", platform: own },
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
    [{ multiArch: "index-only" }, /index-only/],
    [{ multiArch: "linux" }, /Not a platform: "linux"/],
    [{ platform: ["linux"] }, /Not a platform: "linux"/],
    [{ platform: ["linux/amd64"], overrideArch: "arm64" }, /--platform says it all/],
  ] as const)("%j is refused", (flags, message) => {
    expect(() => optionsOf(flags)).toThrow(message);
  });
});

describe("the type of the manifests", () => {
  test.each([
    [undefined, undefined],
    ["oci", mediaTypes.ociManifest],
    ["v2s2", mediaTypes.dockerManifest],
  ])("%s is %s", (format, manifestMIMEType) => {
    expect(optionsOf(format === undefined ? {} : { format }).manifestMIMEType).toBe(
      manifestMIMEType,
    );
  });

  test.each(["v2s1", "docker", ""])("%j is refused", (format) => {
    expect(() => optionsOf({ format })).toThrow(/--format/);
  });
});

test("how many blobs are copied at once is passed on", () => {
  expect(optionsOf({ imageParallelCopies: 3 }).parallelBlobs).toBe(3);
  expect(optionsOf({}).parallelBlobs).toBeUndefined();
});

describe("what refers to images", () => {
  test.each([
    [{}, undefined],
    [{ referrers: true }, true],
    [{ referrers: true, referrerType: ["a/b", "c/d"] }, { artifactTypes: ["a/b", "c/d"] }],
    [{ referrerType: ["a/b"] }, { artifactTypes: ["a/b"] }],
  ] as const)("%j", (flags, referrers) => {
    expect(optionsOf(flags).referrers).toEqual(referrers);
  });
});
