import { isImageError } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { goConfig } from "../../../src/commands/inspect/config-schema.ts";
import { renderTemplate } from "../../../src/commands/inspect/go-template.ts";

describe("the config output matches skopeo's", () => {
  test("fields are in Go's order, without empty ones, followed by unknown ones", () => {
    const config = {
      zeal: 1,
      history: [
        { empty_layer: true, created_by: "x", extra: "y" },
        { comment: "", empty_layer: false },
      ],
      rootfs: { diff_ids: ["sha256:1"], type: "layers" },
      os: "linux",
      config: { Labels: { b: "2", a: null }, Healthcheck: {}, Env: [], Cmd: null, User: "" },
      created: "2026-11-23T06:33:21.400Z",
      author: "",
    };
    expect(JSON.stringify(goConfig(config))).toBe(
      JSON.stringify({
        created: "2026-11-23T06:33:21.4Z",
        architecture: "",
        os: "linux",
        config: { Labels: { a: "", b: "2" }, Healthcheck: {} },
        rootfs: { type: "layers", diff_ids: ["sha256:1"] },
        history: [{ created_by: "x", empty_layer: true, extra: "y" }, {}],
        zeal: 1,
      }),
    );
  });

  test("an empty config has the mandatory fields", () => {
    expect(JSON.stringify(goConfig({}))).toBe(
      '{"architecture":"","os":"","config":{},"rootfs":{"type":"","diff_ids":null}}',
    );
  });

  test("a template renders missing fields as Go's zero values", () => {
    const template = "{{.Created}} {{.Config.Env}} {{.Config.Labels}} {{.Author}}|{{.History}}";
    expect(renderTemplate(template, goConfig({}))).toBe("<nil> [] map[] |[]\n");
  });
});

test.each([
  [{ architecture: { a: 1 } }, /architecture = \{"a":1\}, but a string is required/],
  [{ created: {} }, /created/],
  [{ created: "yesterday" }, /a time such as/],
  [{ config: "x" }, /config = "x", but an object is required/],
  [{ config: { Env: "A=b" } }, /config\.Env .* an array is required/],
  [{ config: { Env: [{}] } }, /config\.Env = \{\}, but a string is required/],
  [{ config: { Labels: { a: { b: 1 } } } }, /config\.Labels\["a"\]/],
  [{ config: { ExposedPorts: ["80"] } }, /config\.ExposedPorts/],
  [{ history: [1] }, /history\[0\]/],
  [{ history: [{ empty_layer: "yes" }] }, /history\[0\]\.empty_layer .* true or false/],
  [{ rootfs: { diff_ids: [1] } }, /rootfs\.diff_ids/],
])("%j is rejected", (config, message) => {
  const failure = (() => {
    try {
      return goConfig(config);
    } catch (error) {
      return error;
    }
  })();
  expect(isImageError(failure, "invalid-manifest")).toBe(true);
  expect((failure as Error).message).toMatch(message);
});
