import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  formatFamiliar,
  formatNamedReference,
  parseNamedReference,
  withDefaultTag,
} from "../../src/names/docker-reference.ts";

const hex = "a".repeat(64);
const digest = `sha256:${hex}`;

describe("a docker reference", () => {
  test.each([
    // written, full, familiar
    ["alpine", "docker.io/library/alpine", "alpine"],
    ["alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"],
    ["library/alpine", "docker.io/library/alpine", "alpine"],
    ["docker.io/alpine", "docker.io/library/alpine", "alpine"],
    ["index.docker.io/library/alpine", "docker.io/library/alpine", "alpine"],
    ["docker.io/library/foo/bar", "docker.io/library/foo/bar", "library/foo/bar"],
    ["org/app", "docker.io/org/app", "org/app"],
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
    [`a/b:t@${digest}`, `docker.io/a/b:t@${digest}`, `a/b:t@${digest}`],
    ["quay.io/org/app:v1", "quay.io/org/app:v1", "quay.io/org/app:v1"],
    ["localhost/app", "localhost/app", "localhost/app"],
    ["localhost:5000/app:x", "localhost:5000/app:x", "localhost:5000/app:x"],
    ["localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"],
    ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"],
    ["[::1]/a", "[::1]/a", "[::1]/a"],
    ["[::1]:5000/n/a:v1", "[::1]:5000/n/a:v1", "[::1]:5000/n/a:v1"],
    [
      `[2001:db8::1]:443/a@${digest}`,
      `[2001:db8::1]:443/a@${digest}`,
      `[2001:db8::1]:443/a@${digest}`,
    ],
    ["[::ffff:127.0.0.1]:5000/a", "[::ffff:127.0.0.1]:5000/a", "[::ffff:127.0.0.1]:5000/a"],
    ["Quay.IO/a", "Quay.IO/a", "Quay.IO/a"],
    ["a__b/c--d.e_f", "docker.io/a__b/c--d.e_f", "a__b/c--d.e_f"],
    ["foo:_T.-x", "docker.io/library/foo:_T.-x", "foo:_T.-x"],
    [`x/${"b".repeat(243)}`, `docker.io/x/${"b".repeat(243)}`, `x/${"b".repeat(243)}`],
    [`a:${"t".repeat(128)}`, `docker.io/library/a:${"t".repeat(128)}`, `a:${"t".repeat(128)}`],
  ])("%s is %s", (written, full, familiar) => {
    const reference = parseNamedReference(written);
    expect(formatNamedReference(reference)).toBe(full);
    expect(formatFamiliar(reference)).toBe(familiar);
  });

  test.each([
    "",
    ":",
    "@",
    ":tag",
    `@${digest}`,
    "foo:",
    "foo:.t",
    "foo:-t",
    "foo:a/b",
    `foo:${"t".repeat(129)}`,
    "Foo",
    "org/Foo",
    "foo//bar",
    "foo/",
    "/foo",
    "foo_/bar",
    "foo___bar",
    "foo..bar",
    "-foo",
    "foo-",
    "foo bar",
    "foo\n",
    "föö",
    "-x.com/foo",
    "x-.com/foo",
    "x..com/foo",
    "x.com:port/foo",
    "[::1]",
    "[::1]:port/foo",
    "[::1/foo",
    "::1/foo",
    "[::1]5000/foo",
    "[127.0.0.1]:5000/foo",
    "[localhost]:5000/foo",
    "[fe80::1%eth0]:5000/foo",
    "[fe80::1%25eth0]/foo",
    "[]:5000/foo",
    "[[::1]]/foo",
    "https://quay.io/foo",
    "foo@sha256:abc",
    `foo@${digest.toUpperCase()}`,
    `foo@md5:${"a".repeat(32)}`,
    `foo@${digest}@${digest}`,
    `foo@${digest}:tag`,
    hex,
    `x/${"b".repeat(244)}`,
    "a/".repeat(100_000),
    "a-".repeat(400),
  ])("is not %j", (text) => {
    const attempt = (): unknown => parseNamedReference(text);
    expect(attempt).toThrow(expect.objectContaining({ code: "invalid-reference" }));
  });

  test("gets the default tag latest only if it has neither tag nor digest", () => {
    const tagged = (text: string): string =>
      formatFamiliar(withDefaultTag(parseNamedReference(text)));
    expect(["a", "a:b", `a@${digest}`].map(tagged)).toEqual(["a:latest", "a:b", `a@${digest}`]);
  });

  test("is parsed back from both of its forms", () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const host = fc.constantFrom("docker.io", "quay.io", "localhost:5000", "a.b.c:8443");
    const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((all) => all.join("/"));
    const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,9}$/), { nil: undefined });
    const suffix = fc.constantFrom("", `@${digest}`);
    fc.assert(
      fc.property(host, path, tag, suffix, (domain, name, label, end) => {
        const reference = parseNamedReference(`${domain}/${name}${label ? `:${label}` : ""}${end}`);
        expect(parseNamedReference(formatNamedReference(reference))).toEqual(reference);
        expect(parseNamedReference(formatFamiliar(reference))).toEqual(reference);
      }),
    );
  });
});
