import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { parseSchema1 } from "../../src/schema1/schema1-manifest.ts";
import type { Schema1Content } from "../../src/schema1/schema1-manifest.ts";

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image",
);

const id = (digit: string): string => digit.repeat(64);
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** Two layers; the one of the base comes last in the manifest. */
const layer = (
  blob: string,
  fields: object,
): { readonly blob: string; readonly fields: object } => ({
  blob: digest(blob),
  fields,
});
const base = layer("a", { id: id("1"), created: "2020-01-01T00:00:00Z" });
const top = layer("b", { id: id("2"), parent: id("1"), throwaway: true, author: "me" });

const manifest = (layers: readonly ReturnType<typeof layer>[], others: object = {}): object => ({
  schemaVersion: 1,
  name: "library/a",
  tag: "1",
  architecture: "amd64",
  fsLayers: layers.map(({ blob }) => ({ blobSum: blob })),
  history: layers.map(({ fields }) => ({ v1Compatibility: JSON.stringify(fields) })),
  ...others,
});

const parse = (value: object): Schema1Content => parseSchema1(value as never);

describe("a manifest of schema 1", () => {
  test("has its layers with the root first", () => {
    const { name, tag, architecture, layers } = parse(manifest([top, base]));
    expect({ name, tag, architecture }).toEqual({
      name: "library/a",
      tag: "1",
      architecture: "amd64",
    });
    expect(layers.map((one) => one.digest)).toEqual([digest("a"), digest("b")]);
    expect(layers.map(({ history }) => history)).toEqual([
      {
        id: id("1"),
        parent: "",
        comment: "",
        created: "2020-01-01T00:00:00Z",
        author: "",
        command: [],
        isThrowaway: false,
      },
      {
        id: id("2"),
        parent: id("1"),
        comment: "",
        created: "0001-01-01T00:00:00Z",
        author: "me",
        command: [],
        isThrowaway: true,
      },
    ]);
  });

  test("keeps the command that created a layer", () => {
    const withCommand = layer("a", { id: id("1"), container_config: { Cmd: ["sh", null, "-c"] } });
    expect(parse(manifest([withCommand])).layers[0]?.history.command).toEqual(["sh", "", "-c"]);
  });

  test("drops layers that repeat the id of the layer below", () => {
    const repeated = layer("c", { id: id("1"), parent: id("1") });
    expect(parse(manifest([top, repeated, base])).layers.map((one) => one.digest)).toEqual([
      digest("a"),
      digest("b"),
    ]);
  });

  test("may have no name, tag and architecture", () => {
    const bare = manifest([base], { name: undefined, tag: null, architecture: undefined });
    expect(parse(bare)).toMatchObject({ name: "", tag: "", architecture: "" });
  });

  test.each([
    ["another version", manifest([base], { schemaVersion: 2 })],
    ["no layers", manifest([])],
    ["layers that are no list", manifest([base], { fsLayers: {} })],
    ["more layers than history", manifest([base], { history: [] })],
    ["a layer without a digest", manifest([base], { fsLayers: [{}] })],
    ["a layer that is no object", manifest([base], { fsLayers: [null] })],
    ["a history without text", manifest([base], { history: [{ v1Compatibility: {} }] })],
    ["a history that is not JSON", manifest([base], { history: [{ v1Compatibility: "{" }] })],
    ["an id that is too short", manifest([layer("a", { id: "1" })])],
    ["an id in upper case", manifest([layer("a", { id: id("A") })])],
    ["a base with a parent", manifest([layer("a", { id: id("1"), parent: id("2") })])],
    ["another parent than the layer below", manifest([layer("b", { id: id("2") }), base])],
    [
      "an id that returns later",
      manifest([layer("c", { id: id("1"), parent: id("2") }), top, base]),
    ],
    ["a number for a name", manifest([base], { name: 1 })],
    ["a created that is no time", manifest([layer("a", { id: id("1"), created: "now" })])],
    ["a throwaway that is no flag", manifest([layer("a", { id: id("1"), throwaway: 1 })])],
    ["a comment that is no text", manifest([layer("a", { id: id("1"), comment: [] })])],
    [
      "a command that is no list",
      manifest([layer("a", { id: id("1"), container_config: { Cmd: "sh" } })]),
    ],
    ["another spelling of a field", manifest([layer("a", { id: id("1"), Created: "now" })])],
  ])("with %s is refused", (_, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });

  test.skipIf(!existsSync(fixtures))("of a real image is read", () => {
    const read = (name: string): object =>
      JSON.parse(readFileSync(path.join(fixtures, name)).toString()) as object;
    const real = parse(read("internal/image/fixtures/schema1.json"));
    expect(real.name).toBe("rhosp12/openstack-nova-api");
    expect(real.layers).toHaveLength(6);
    const everything = parse(read("manifest/fixtures/v2s1.everything.json"));
    expect(everything.layers[0]?.history).toEqual({
      id: id("b"),
      parent: "",
      comment: "comment",
      created: "1970-01-01T01:00:01+01:00",
      author: "author",
      command: ["cmd"],
      isThrowaway: true,
    });
  });
});
