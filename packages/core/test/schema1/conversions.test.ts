import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { imageOfSchema1 } from "../../src/schema1/image-of-schema1.ts";
import { parseSchema1 } from "../../src/schema1/schema1-manifest.ts";
import { emptyLayer, emptyLayerDigest, schema1Of } from "../../src/schema1/schema1-of-image.ts";
import { schema2ConfigOf } from "../../src/schema1/schema2-config.ts";
import { isOlderDocker } from "../../src/schema1/v1-image.ts";

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/internal/image/fixtures",
);

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest;

const history = [
  { created: "2019-01-01T00:00:00Z", created_by: "ADD <a>" },
  { created: "2019-01-01T00:00:00Z", created_by: "ENV x", comment: "c", empty_layer: true },
  { created: "2019-01-01T00:00:00.500+02:00", author: "q" },
];

/** Keys that are not sorted, white space, escapes and a number that Go keeps as it is. */
const config = `{ "os":"linux", "architecture" : "amd64", "config": {"Env":["A=<b>&\\u00e9 é"], "Cmd":["sh"]}, "zz": 1.0,
 "history":${JSON.stringify(history)}, "rootfs":{"type":"layers","diff_ids":["${digest("1")}","${digest("2")}"]}}`;

const image = {
  config: Buffer.from(config),
  layers: [digest("a"), digest("b")],
  name: "team/app",
  tag: "1",
};

const contentOf = (text: string) => parseSchema1(JSON.parse(text) as never);

describe("an image that becomes one of schema 1", () => {
  test("has a layer for each step of its history", () => {
    const content = contentOf(schema1Of(image));
    expect(content).toMatchObject({ name: "team/app", tag: "1", architecture: "amd64" });
    expect(content.layers.map((layer) => layer.digest)).toEqual([
      digest("a"),
      emptyLayerDigest,
      digest("b"),
    ]);
    expect(content.layers.map((layer) => layer.history)).toMatchObject([
      { command: ["ADD <a>"], isThrowaway: false, created: "2019-01-01T00:00:00Z" },
      { command: ["ENV x"], isThrowaway: true, comment: "c" },
      { isThrowaway: false, created: "0001-01-01T00:00:00Z" },
    ]);
  });

  test("has the whole config in the step of the top layer, as Go writes it", () => {
    const { layers } = contentOf(schema1Of(image));
    const [, below, top] = layers;
    expect(top?.v1Compatibility).toBe(
      `{"architecture":"amd64","config":{"Env":["A=\\u003cb\\u003e\\u0026\\u00e9 é"],"Cmd":["sh"]},"id":"${top?.history.id}","os":"linux","parent":"${below?.history.id}","zz":1.0}`,
    );
  });

  test("of a config that has fields of schema 1 gets its own values for them", () => {
    const only = [{ created_by: "ADD a" }];
    const text = config
      .replace(JSON.stringify(history), JSON.stringify(only))
      .replace("{", '{"parent":"x","throwaway":true,"id":"y",');
    const { layers } = contentOf(
      schema1Of({ ...image, config: Buffer.from(text), layers: [digest("a")] }),
    );
    expect(layers).toMatchObject([
      { digest: digest("a"), history: { parent: "", isThrowaway: false } },
    ]);
    expect(layers[0]?.history.id).toMatch(/^[0-9a-f]{64}$/);
  });

  test("derives the ids from the layers as they were, whatever was written", () => {
    const written = [digest("c"), digest("d")];
    const [before, after] = [schema1Of(image), schema1Of({ ...image, written })].map(contentOf);
    expect(after?.layers.map((layer) => layer.history)).toEqual(
      before?.layers.map((layer) => layer.history),
    );
    expect(after?.layers.map((layer) => layer.digest)).toEqual([
      digest("c"),
      emptyLayerDigest,
      digest("d"),
    ]);
  });

  test.each([
    ["no history", config.replace(JSON.stringify(history), "[]")],
    ["more steps than layers", config.replace(JSON.stringify(history), "[{},{},{}]")],
    ["fewer steps than layers", config.replace(JSON.stringify(history), "[{}]")],
    [
      "steps without content only",
      config.replace(JSON.stringify(history), '[{"empty_layer":true}]'),
    ],
    ["a history that is no list", config.replace(JSON.stringify(history), "{}")],
    ["a step that is no object", config.replace(JSON.stringify(history), "[1]")],
    [
      "a step with a invalidDocument time",
      config.replace(JSON.stringify(history), '[{"created":"x"}]'),
    ],
    ["a flag that is none", config.replace(JSON.stringify(history), '[{"empty_layer":1}]')],
    ["a command that is no text", config.replace(JSON.stringify(history), '[{"created_by":1}]')],
  ])("with %s is refused", (_, invalidDocument) => {
    expect(() => schema1Of({ ...image, config: Buffer.from(invalidDocument) })).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });

  test("needs an empty layer that has the digest Docker gave it", () => {
    expect(digestOf(emptyLayer)).toBe(emptyLayerDigest);
  });
});

describe("an image of schema 1 that becomes one of schema 2", () => {
  test("has the config that it was made from, with sorted fields", () => {
    const text = Buffer.from(
      schema2ConfigOf(contentOf(schema1Of(image)), [digest("1"), digest("2")]),
    ).toString();
    expect(text).toBe(
      `{"architecture":"amd64","config":{"Env":["A=\\u003cb\\u003e\\u0026\\u00e9 é"],"Cmd":["sh"]},"history":[{"created":"2019-01-01T00:00:00Z","created_by":"ADD \\u003ca\\u003e"},{"created":"2019-01-01T00:00:00Z","created_by":"ENV x","comment":"c","empty_layer":true},{"created":"0001-01-01T00:00:00Z"}],"os":"linux","rootfs":{"type":"layers","diff_ids":["${digest("1")}","${digest("2")}"]},"zz":1.0}`,
    );
  });

  test("of a Docker older than 1.8.3 gets the fields that later ones always write", () => {
    const v1 = {
      id: "1".repeat(64),
      docker_version: "1.8.2-fc22",
      os: "linux",
      Size: 12,
      unknown: 1,
      config: {
        Env: [],
        Cmd: "sh",
        Volumes: {},
        Labels: null,
        Healthcheck: { Retries: 2, Test: [] },
        StopTimeout: 0,
        VolumeDriver: "",
      },
    };
    const content = contentOf(
      JSON.stringify({
        schemaVersion: 1,
        fsLayers: [{ blobSum: digest("a") }],
        history: [{ v1Compatibility: JSON.stringify(v1) }],
      }),
    );
    expect(Buffer.from(schema2ConfigOf(content, [])).toString()).toBe(
      `{"config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":[],"Cmd":["sh"],"Healthcheck":{"Retries":2},"Image":"","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null,"StopTimeout":0},"container_config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null},"created":"0001-01-01T00:00:00Z","docker_version":"1.8.2-fc22","history":[{"created":"0001-01-01T00:00:00Z"}],"os":"linux","rootfs":{"type":"layers"}}`,
    );
  });

  test.each([
    ["1.8.2", true],
    ["1.8.2-fc22", true],
    ["1.8", true],
    ["0.9.1", true],
    ["1.8.3", false],
    ["1.8.3.0", false],
    ["1.10.0", false],
    ["17.03", false],
    ["", false],
    [undefined, false],
  ])("%j is older than 1.8.3: %j", (version, isOlder) => {
    expect(isOlderDocker(version)).toBe(isOlder);
  });

  test("of throwaway layers only has null for its layers, as Go writes it", () => {
    const emptySteps = JSON.stringify([{ empty_layer: true, created_by: "ENV x" }]);
    const text = config.replace(JSON.stringify(history), emptySteps);
    const content = contentOf(schema1Of({ ...image, layers: [], config: Buffer.from(text) }));
    const layersIn = (target: string): string | undefined =>
      /"layers":[^"]+\}$/.exec(
        Buffer.from(imageOfSchema1(content, [], target).manifest.bytes).toString(),
      )?.[0];
    expect(layersIn(mediaTypes.dockerManifest)).toBe('"layers":null}');
    expect(layersIn(mediaTypes.ociManifest)).toBe('"layers":[]}');
  });

  test.skipIf(!existsSync(fixtures))("has the fields that containers/image gives it", () => {
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(path.join(fixtures, name)).toString());
    const theirs = read("schema1-to-schema2-config.json") as {
      readonly rootfs: { readonly diff_ids: readonly Digest[] };
    };
    const content = parseSchema1(read("schema1.json") as never);
    const ours = schema2ConfigOf(content, theirs.rootfs.diff_ids);
    expect(JSON.parse(Buffer.from(ours).toString())).toEqual(theirs);
  });
});
