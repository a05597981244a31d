import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { toOCIConfig } from "../../src/manifest/oci-config.ts";
import { digestOf } from "../../src/names/digest.ts";

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/internal/image/fixtures",
);

const converted = (config: unknown): string =>
  Buffer.from(toOCIConfig(Buffer.from(JSON.stringify(config))).bytes).toString();

const empty = '"architecture":"","os":"","config":{},"rootfs":{"type":"","diff_ids":null}';

describe("a config converted to OCI", () => {
  test("has only the fields of OCI, in the order of Go's types", () => {
    const config = {
      variant: "v8",
      "os.features": ["a"],
      "os.version": "1",
      os: "linux",
      architecture: "arm64",
      author: "me",
      created: "2020-01-01T00:00:00Z",
      docker_version: "1.12",
      container_config: { User: "x" },
      history: [{ comment: "c", empty_layer: true, author: "a", created_by: "b", other: 1 }, null],
      rootfs: { diff_ids: [], type: "layers" },
      config: {
        ArgsEscaped: true,
        StopSignal: "TERM",
        Labels: { b: "1", a: "2" },
        WorkingDir: "/",
        Volumes: { "/v": {} },
        Cmd: ["c"],
        Entrypoint: ["e"],
        Env: ["A=1", null],
        ExposedPorts: { "80/tcp": null },
        User: "u",
      },
    };
    expect(converted(config)).toBe(
      '{"created":"2020-01-01T00:00:00Z","author":"me","architecture":"arm64","os":"linux","os.version":"1",' +
        '"os.features":["a"],"variant":"v8","config":{"User":"u","ExposedPorts":{"80/tcp":{}},"Env":["A=1",""],' +
        '"Entrypoint":["e"],"Cmd":["c"],"Volumes":{"/v":{}},"WorkingDir":"/","Labels":{"a":"2","b":"1"},' +
        '"StopSignal":"TERM","ArgsEscaped":true},"rootfs":{"type":"layers","diff_ids":[]},' +
        '"history":[{"created_by":"b","author":"a","comment":"c","empty_layer":true},{}]}',
    );
  });

  test.each([
    ["no fields", {}, `{${empty}}`],
    ["null everywhere", { author: null, config: null, rootfs: null, history: null }, `{${empty}}`],
    [
      "empty lists and maps",
      { config: { Env: [], Labels: {}, Volumes: {}, Cmd: null }, history: [] },
      `{${empty}}`,
    ],
  ])("with %s has the required fields", (_, config, expected) => {
    expect(converted(config)).toBe(expected);
  });

  test("matches fields case-insensitively, like Go", () => {
    expect(converted({ OS: "linux", Architecture: "amd64" })).toContain(
      '"architecture":"amd64","os":"linux"',
    );
  });

  test.each([
    ["<&>", String.raw`\u003c\u0026\u003e`],
    ["\u2028\u2029", String.raw`\u2028\u2029`],
    ["é\u0001\n", String.raw`é\u0001\n`],
  ])("escapes %j like Go", (text, expected) => {
    expect(converted({ author: text })).toContain(`"author":"${expected}"`);
  });

  test("sorts labels by their bytes, including numbers", () => {
    const Labels = { "\u{1f600}": "", "\uff5e": "", 2: "", 10: "", B: "", a: "" };
    expect(converted({ config: { Labels } })).toContain(
      '"Labels":{"10":"","2":"","B":"","a":"","\uff5e":"","\u{1f600}":""}',
    );
  });

  test.each([
    ["2020-01-01T00:00:00.100Z", "2020-01-01T00:00:00.1Z"],
    ["2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00Z"],
    ["2020-01-01T00:00:00.1234567891Z", "2020-01-01T00:00:00.123456789Z"],
    ["2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00Z"],
    ["2020-01-01T00:00:00-00:00", "2020-01-01T00:00:00Z"],
    ["2020-01-01T00:00:00.50-05:30", "2020-01-01T00:00:00.5-05:30"],
    ["2020-02-29T23:59:59+10:00", "2020-02-29T23:59:59+10:00"],
  ])("writes the time %s as %s", (created, expected) => {
    expect(converted({ created })).toContain(`{"created":"${expected}",`);
  });

  test.each([
    ["an invalid time", { created: "yesterday" }],
    ["an invalid date", { created: "2021-02-29T00:00:00Z" }],
    ["a number for a string", { author: 1 }],
    ["a string for an array", { config: { Cmd: "sh" } }],
    ["an array for an object", { config: [] }],
    ["a number for a label", { config: { Labels: { a: 1 } } }],
    ["a string for a boolean", { history: [{ empty_layer: "yes" }] }],
    ["true in a set", { config: { Volumes: { "/": true } } }],
  ])("with %s is rejected", (_, config) => {
    expect(() => converted(config)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });

  test("reports lost settings, but not fields of the build container", () => {
    const config = {
      container_config: { Shell: ["x"] },
      config: {
        Hostname: "build",
        Tty: true,
        Image: "sha256:0",
        OnBuild: [],
        User: "u",
        Healthcheck: { Test: ["CMD"] },
        Shell: ["/bin/bash"],
      },
    };
    const { dropped } = toOCIConfig(Buffer.from(JSON.stringify(config)));
    expect(dropped).toEqual(["Healthcheck", "Shell"]);
  });

  test.skipIf(!existsSync(fixtures))("is identical to that of containers/image", () => {
    const read = (name: string): Uint8Array => readFileSync(path.join(fixtures, name));
    const manifest = JSON.parse(read("schema2-to-oci1.json").toString()) as {
      readonly config: { readonly digest: string; readonly size: number };
    };
    const { bytes } = toOCIConfig(read("schema2-config.json"));
    expect({ digest: digestOf(bytes), size: bytes.byteLength }).toEqual({
      digest: manifest.config.digest,
      size: manifest.config.size,
    });
  });
});
