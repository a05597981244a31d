import { describe, expect, test } from "vitest";

import { renderTemplate } from "../../src/inspect/go-template.ts";
import { GoMap, GoTime } from "../../src/inspect/go-values.ts";

const data = {
  Name: undefined,
  Digest: "sha256:1",
  Created: new GoTime("2026-11-23T06:33:21.435740Z"),
  Labels: GoMap.of({ b: "2", a: "<1>" }),
  Layers: ["sha256:2", "sha256:3"],
  LayersData: [{ Size: 7, Annotations: null }],
  Env: null,
};

describe("what Go's templates print", () => {
  test.each([
    ["{{.Digest}}", "sha256:1"],
    ["{{ .Digest }} of {{.Name}}!", "sha256:1 of !"],
    ["{{.Created}}", "2026-11-23 06:33:21.43574 +0000 UTC"],
    ["{{.Layers}}", "[sha256:2 sha256:3]"],
    ["{{.Labels}}", "map[a:<1> b:2]"],
    ["{{.Labels.b}} {{.Labels.c}}", "2 <no value>"],
    ["{{.Env}}", "<nil>"],
    ["{{json .Labels}}", '{"a":"\\u003c1\\u003e","b":"2"}'],
    ["{{json .LayersData}}", '[{"Size":7,"Annotations":null}]'],
    ['{{index .Labels "b"}}{{index .Labels "c"}}', "2"],
    ["{{index .Layers 1}}", "sha256:3"],
    ["{{len .Layers}} {{len .Labels}} {{len .Digest}}", "2 2 8"],
    ['{{join .Layers ","}}', "sha256:2,sha256:3"],
    ["{{range .Layers}}<{{.}}>{{end}}", "<sha256:2><sha256:3>"],
    ["{{range .LayersData}}{{.Size}}{{end}}", "7"],
    ["{{range .Env}}never{{end}}", ""],
    ['{{range .Layers}}{{.}}{{"\\n"}}{{end}}', "sha256:2\nsha256:3"],
    ["{{.Digest}}\\t{{len .Layers}}\\n", "sha256:1\t2"],
    ["no action at all", "no action at all"],
  ])("%s", (template, printed) => {
    expect(renderTemplate(template, data)).toBe(`${printed}\n`);
  });

  test("{{json .}} has everything in it", () => {
    expect(JSON.parse(renderTemplate("{{json .}}", data))).toEqual({
      Digest: "sha256:1",
      Created: "2026-11-23T06:33:21.43574Z",
      Labels: { a: "<1>", b: "2" },
      Layers: ["sha256:2", "sha256:3"],
      LayersData: [{ Size: 7, Annotations: null }],
      Env: null,
    });
  });
});

describe("what is refused, in words", () => {
  test.each([
    ["{{if .Name}}x{{end}}", /\{\{if \.Name\}\} is not known/],
    ["{{.Digest | upper}}", /is not known/],
    ["{{- .Digest -}}", /is not known/],
    ["{{}}", /is not known/],
    ["{{end}}", /is not known/],
    ["{{len}}", /is not known/],
    ['{{"\\q"}}', /is not known/],
    ["Digest {{.Digest", /without its \}\}/],
    ["{{.Dgest}}", /asks for \.Dgest, which is not there; there are: Name, Digest/],
    ["{{.Digest.Hex}}", /asks for \.Hex/],
    ["{{range .Layers}}x", /without its \{\{end\}\}/],
    ["{{range .Digest}}x{{end}}", /no list/],
    ["{{.LayersData}}", /write \{\{json/],
    ["{{index .Layers 5}}", /there are 2/],
    ['{{join .Digest ","}}', /wants a list/],
  ])("%s", (template, message) => {
    expect(() => renderTemplate(template, data)).toThrow(message);
  });
});

describe("a config's fields have Go's names", () => {
  test("in whatever letters", () => {
    const config = { os: "linux", rootfs: { diff_ids: ["sha256:4"] }, "os.version": "10" };
    const template = "{{.OS}} {{.RootFS.DiffIDs}} {{.OSVersion}}";
    expect(renderTemplate(template, config)).toBe("linux [sha256:4] 10\n");
  });
});

describe("a time", () => {
  test.each([
    ["2026-11-23T06:33:00Z", "2026-11-23 06:33:00 +0000 UTC"],
    ["2026-11-23T06:33:00.000Z", "2026-11-23 06:33:00 +0000 UTC"],
    ["2026-11-23T06:33:20.10+01:30", "2026-11-23 06:33:20.1 +0130 +0130"],
    ["yesterday", "yesterday"],
  ])("%s is printed %s", (written, printed) => {
    expect(String(new GoTime(written))).toBe(printed);
  });
});
