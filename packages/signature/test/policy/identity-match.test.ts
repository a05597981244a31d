import { parseNamedReference } from "@drayage/core/reference";
import { expect, test } from "vitest";

import { acceptsSubjectDigest, matchesIdentity } from "../../src/policy/identity-match.ts";
import type { IdentityMatch } from "../../src/policy/identity-match.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const other = `sha256:${"fedcba9876543210".repeat(4)}`;
const exact: IdentityMatch = { type: "matchExact" };
const repoDigestOrExact: IdentityMatch = { type: "matchRepoDigestOrExact" };
const repository: IdentityMatch = { type: "matchRepository" };
const reference = (dockerReference: string): IdentityMatch => ({
  type: "exactReference",
  dockerReference,
});
const inRepository = (dockerRepository: string): IdentityMatch => ({
  type: "exactRepository",
  dockerRepository,
});
const remap = (prefix: string, signedPrefix: string): IdentityMatch => ({
  type: "remapIdentity",
  prefix,
  signedPrefix,
});

const rows: readonly (readonly [IdentityMatch, string | undefined, string, boolean])[] = [
  [exact, "a.com/ns/app:1", "a.com/ns/app:1", true],
  [exact, "a.com/ns/app:1", "a.com/ns/app:2", false],
  [exact, "a.com/ns/app:1", "a.com/ns/app", false],
  [exact, "a.com/ns/app", "a.com/ns/app", false],
  [exact, `a.com/ns/app@${digest}`, `a.com/ns/app@${digest}`, true],
  [exact, `a.com/ns/app@${digest}`, `a.com/ns/app@${other}`, false],
  [exact, `a.com/ns/app@${digest}`, "a.com/ns/app:1", false],
  [exact, "busybox:latest", "docker.io/library/busybox:latest", true],
  [exact, "docker.io/library/busybox:latest", "busybox:latest", true],
  [exact, undefined, "a.com/ns/app:1", false],
  [exact, "a.com/ns/app:1", "", false],
  [exact, "a.com/ns/app:1", "a.com/NS/app:1", false],
  [repoDigestOrExact, "a.com/ns/app:1", "a.com/ns/app:1", true],
  [repoDigestOrExact, "a.com/ns/app:1", "a.com/ns/app:2", false],
  [repoDigestOrExact, "a.com/ns/app:1", `a.com/ns/app@${digest}`, false],
  [repoDigestOrExact, `a.com/ns/app@${digest}`, "a.com/ns/app:2", true],
  [repoDigestOrExact, `a.com/ns/app@${digest}`, `a.com/ns/app@${other}`, true],
  [repoDigestOrExact, `a.com/ns/app@${digest}`, "a.com/ns/app", false],
  [repoDigestOrExact, `a.com/ns/app@${digest}`, "a.com/ns/app2:1", false],
  [repoDigestOrExact, `a.com/ns/app:1@${digest}`, "a.com/ns/app:1", false],
  [repoDigestOrExact, `a.com/ns/app:1@${digest}`, `a.com/ns/app:1@${digest}`, true],
  [repoDigestOrExact, "a.com/ns/app", "a.com/ns/app:1", false],
  [repoDigestOrExact, undefined, "a.com/ns/app:1", false],
  [repository, "a.com/ns/app:1", "a.com/ns/app:2", true],
  [repository, "a.com/ns/app:1", "a.com/ns/app", true],
  [repository, "a.com/ns/app", `a.com/ns/app@${digest}`, true],
  [repository, "a.com/ns/app:1", "a.com/ns/app/sub:1", false],
  [repository, "a.com/ns/app:1", "b.com/ns/app:1", false],
  [repository, undefined, "a.com/ns/app:1", false],
  [reference("a.com/ns/app:1"), undefined, "a.com/ns/app:1", true],
  [reference("a.com/ns/app:1"), "b.com/x:2", "a.com/ns/app:1", true],
  [reference("a.com/ns/app:1"), "a.com/ns/app:2", "a.com/ns/app:2", false],
  [reference("a.com/ns/app:1"), undefined, "a.com/ns/app", false],
  [inRepository("a.com/ns/app"), undefined, "a.com/ns/app:1", true],
  [inRepository("a.com/ns/app"), undefined, "a.com/ns/app", true],
  [inRepository("a.com/ns/app"), undefined, "a.com/ns/app2:1", false],
  [remap("mirror:5000/vendor", "vendor.com"), "mirror:5000/vendor/app:1", "vendor.com/app:1", true],
  [
    remap("mirror:5000/vendor", "vendor.com"),
    "mirror:5000/vendor2/app:1",
    "vendor.com/app:1",
    false,
  ],
  [
    remap("mirror:5000/vendor", "vendor.com"),
    "mirror:5000/vendor/app:1",
    "mirror:5000/vendor/app:1",
    false,
  ],
  [remap("mirror:5000/vendor", "vendor.com"), "other.com/app:1", "other.com/app:1", true],
  [
    remap("mirror:5000/vendor", "vendor.com"),
    "mirror:5000/vendor/app:1",
    "vendor.com/app:2",
    false,
  ],
  [
    remap("mirror:5000/vendor", "vendor.com"),
    `mirror:5000/vendor/app@${digest}`,
    "vendor.com/app:2",
    true,
  ],
  [remap("mirror:5000/a/b", "vendor.com/x"), "mirror:5000/a/b:1", "vendor.com/x:1", true],
  [remap("mirror", "vendor.com"), "mirror:5000/app:1", "vendor.com:5000/app:1", false],
  [
    remap("mirror:5000/vendor", "vendor"),
    "mirror:5000/vendor/app:1",
    "docker.io/vendor/app:1",
    false,
  ],
  [remap("mirror:5000/vendor", "vendor.com"), undefined, "vendor.com/app:1", false],
  [
    { type: "matchSubjectDigest", repositories: ["a.com/ns"] },
    "a.com/ns/app:1",
    "a.com/ns/app:1",
    false,
  ],
];

test.each(rows)("%j: image %s, signature for %s: %s", (match, image, signed, expected) => {
  const named = image === undefined ? undefined : parseNamedReference(image);
  expect(matchesIdentity(match, named, signed)).toBe(expected);
});

test.each([
  ["a.com/ns/app:1", true],
  ["a.com/ns:1", true],
  ["a.com/nsx/app:1", false],
  ["b.com/ns/app:1", false],
])(
  "a signature without a name is accepted in the repositories of the policy: %s",
  (image, expected) => {
    const match: IdentityMatch = {
      type: "matchSubjectDigest",
      repositories: ["c.com", "a.com/ns"],
    };
    expect(acceptsSubjectDigest(match, parseNamedReference(image))).toBe(expected);
    expect(acceptsSubjectDigest(match, undefined)).toBe(false);
    expect(acceptsSubjectDigest({ type: "matchRepository" }, parseNamedReference(image))).toBe(
      false,
    );
  },
);
