import { describe, expect, test } from "vitest";

import { renderTemplate } from "../../../src/commands/inspect/go-template.ts";
import { GoMap, GoTime } from "../../../src/commands/inspect/go-values.ts";

const data = {
  Name: undefined,
  Digest: "sha256:1",
  Created: new GoTime("2026-11-23T06:33:21.435740Z"),
  Labels: GoMap.of({ b: "2", a: "<1>" }),
  Layers: ["sha256:2", "sha256:3"],
  LayersData: [{ Size: 7, Annotations: null }],
  Env: null,
};

describe("templates render like Go's", () => {
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
    ['{{range .Layers}}{{.}}{{"\\n"}}{{end}}', "sha256:2\nsha256:3\n"],
    ["{{if .Name}}x{{end}}{{if .Digest}}y{{end}}", "y"],
    ["{{if .Name}}x{{else}}y{{end}}", "y"],
    ['{{if eq .Digest "a"}}a{{else if eq .Digest "sha256:1"}}b{{else}}c{{end}}', "b"],
    ["{{if .Env}}x{{else if .Labels}}{{if .Name}}y{{else}}z{{end}}{{end}}", "z"],
    ["{{with .Labels}}{{.b}}{{.a}}{{end}}", "2<1>"],
    ["{{with .Env}}x{{else}}none{{end}}", "none"],
    ["{{with .Env}}x{{else with .Digest}}{{.}}{{end}}", "sha256:1"],
    ["{{with $l := .Labels}}{{$l.b}}{{$.Digest}}{{end}}", "2sha256:1"],
    ["{{range .Env}}x{{else}}none{{end}}", "none"],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=<1>;b=2;"],
    ["{{range $i, $e := .Layers}}{{$i}}:{{$e}} {{end}}", "0:sha256:2 1:sha256:3 "],
    ["{{range $e := .Layers}}{{$e}}{{.}}{{end}}", "sha256:2sha256:2sha256:3sha256:3"],
    ["{{range $i, $e := .Layers}}{{if $i}}, {{end}}{{$e}}{{end}}", "sha256:2, sha256:3"],
    ["{{range .Layers}}{{.}}{{break}}{{end}}", "sha256:2"],
    ['{{range .Layers}}{{if eq . "sha256:2"}}{{continue}}{{end}}{{.}}{{end}}', "sha256:3"],
    ["{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"],
    ["{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"],
    ["{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"],
    ['{{.Digest | printf "%s-%s" "a"}}', "a-sha256:1"],
    ["{{.Layers | len | printf `%03d`}}", "002"],
    ["{{(index .LayersData 0).Size}}", "7"],
    ['{{print 1 2 "a" "b" 3}}', "1 2ab3"],
    ['{{println "a" 1}}', "a 1\n"],
    ["{{and .Digest .Name}}|{{or .Name .Digest}}|{{not .Name}}", "|sha256:1|true"],
    ["{{or .Digest .Dgest}}", "sha256:1"],
    [
      "{{eq 1 1}} {{eq 3 1 2 3}} {{ne 1 2}} {{lt 1 2}} {{le 2 1}} {{gt 2 1}} {{ge 1 1}}",
      "true true true true false true true",
    ],
    ['{{lt "a" "b"}} {{eq .Name ""}} {{eq .Labels.none ""}}', "true true false"],
    ["a {{- .Digest -}} \n b", "asha256:1b"],
    ["a{{/* unused }} */}}b {{- /* unused too */ -}} c", "abc"],
    ["{{slice .Digest 0 3}} {{slice .Layers 1}}", "sha [sha256:3]"],
    ['{{html "<a>"}} {{js "it\'s"}} {{urlquery "a b"}}', "&lt;a&gt; it\\'s a+b"],
    [
      '{{upper "a"}}{{lower "B"}} {{title "of some"}} {{pad "x" 1 2}}.{{truncate "abc" 2}}{{split "a,b" ","}}',
      "Ab Of Some  x  .ab[a b]",
    ],
    [
      '{{define "T"}}[{{.}}]{{end}}{{template "T" .Digest}}{{block "B" 1}}<{{.}}>{{end}}',
      "[sha256:1]<1>",
    ],
    ["{{.Created.Year}} {{.Created.Month}} {{.Created.Unix}}", "2026 November 1795415601"],
    [
      '{{.Created.Format "2006-01-02T15:04:05.000Z07:00 Mon Jan _2 3:04PM"}}',
      "2026-11-23T06:33:21.435Z Mon Nov 23 6:33AM",
    ],
    ["{{`}}`}} {{\"{{\"}} {{'a'}} {{0x10}} {{1.5}} {{true}}", "}} {{ 97 16 1.5 true"],
    ["{{.LayersData}}", "[{7 <nil>}]"],
    ["{{.Digest}}\\t{{len .Layers}}\\n", "sha256:1\t2"],
    ["no action", "no action"],
  ])("%s", (template, printed) => {
    expect(renderTemplate(template, data)).toBe(`${printed}\n`);
  });

  test("{{json .}} contains all fields", () => {
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

describe("invalid templates are rejected with a reason", () => {
  test.each([
    ["{{if}}x{{end}}", /\{\{if\}\} is invalid: a value is missing/],
    ["{{if .Name}}x", /\{\{if\}\} without an \{\{end\}\}/],
    ["{{else}}", /is invalid/],
    ["{{if 1}}{{else}}{{else}}{{end}}", /is invalid/],
    ["{{.Digest | shout}}", /there is no function shout; available: and, eq/],
    ["{{.Digest .Name}}", /takes none/],
    ["{{$x}}", /the variable \$x is not defined/],
    ["{{$x = 1}}", /the variable \$x is not defined/],
    ["{{if 1}}{{$x := 1}}{{end}}{{$x}}", /the variable \$x is not defined/],
    ["{{break}}", /only allowed inside \{\{range\}\}/],
    ["{{(.Digest}}", /\( has no matching \)/],
    ["{{.Digest)}}", /\) has no matching \(/],
    ["{{.Digest |}}", /a value is missing/],
    ["{{nil}}", /nil cannot be printed/],
    ["{{1 2}}", /not a function/],
    ['{{template "T"}}', /the template "T" is not defined/],
    ['{{define "T"}}{{template "T"}}{{end}}{{template "T"}}', /without end/],
    ["{{/* comment }}", /without a \*\//],
    ['{{eq 1 "1"}}', /different types/],
    ["{{eq .Layers .Layers}}", /neither a string nor a number/],
    ["{{slice .Digest 5 100}}", /the length is 8/],
    ["{{len 3}}", /requires a list/],
    ["{{index .Layers -1}}", /the length is 2/],
    ["{{.Created.Era}}", /uses \.Era/],
    ["{{}}", /is invalid/],
    ["{{end}}", /is invalid/],
    ["{{len}}", /is invalid/],
    ['{{"\\q"}}', /is invalid/],
    ["Digest {{.Digest", /without a \}\}/],
    ["{{.Dgest}}", /uses \.Dgest, which does not exist; available: Name, Digest/],
    ["{{.Digest.Hex}}", /uses \.Hex/],
    ["{{range .Layers}}x", /without an \{\{end\}\}/],
    ["{{range .Digest}}x{{end}}", /neither a list/],
    ["{{index .Layers 5}}", /the length is 2/],
    ['{{join .Digest ","}}', /requires a list/],
  ])("%s", (template, message) => {
    expect(() => renderTemplate(template, data)).toThrow(message);
  });
});

describe("printf formats like Go's", () => {
  test.each([
    [
      '"%q %v %d %5s|%-5s|%05d %x %t %%" .Digest .Layers 3 "a" "b" 42 255 true',
      `"sha256:1" [sha256:2 sha256:3] 3     a|b    |00042 ff true %`,
    ],
    ['"%d" .Digest', "%!d(string=sha256:1)"],
    ['"%s" 3', "%!s(int=3)"],
    ['"%d" 1 2', "1%!(EXTRA int=2)"],
    ['"%d %d" 1', "1 %!d(MISSING)"],
    ['"%z %" 1', "%!z(int=1) %!(NOVERB)"],
    ['"%T %T %T %T" .Digest .Layers .Labels 1', "string []string map[string]string int"],
    [
      '"%#v %#v" .Labels .Layers',
      `map[string]string{"a":"<1>", "b":"2"} []string{"sha256:2", "sha256:3"}`,
    ],
    ['"%q" .Layers', `["sha256:2" "sha256:3"]`],
    ['"%x %X %#x" "hi" "hi" 255', "6869 6869 0xff"],
    ['"%.2s|%8.3f|%e|%g" "abc" 1.5 1.5 1.5', "ab|   1.500|1.500000e+00|1.5"],
    ['"%+d|% d|%-4d|%4d" 1 1 1 -1', "+1| 1|1   |  -1"],
    ['"%c %U %q" 97 97 97', "a U+0061 'a'"],
    ['"%[2]s %[1]s" "a" "b"', "b a"],
    ['"%*d" 5 42', "   42"],
    ['"%q" "a\\n\\x1b"', String.raw`"a\n\x1b"`],
  ])("printf %s", (operands, printed) => {
    expect(renderTemplate(`{{printf ${operands}}}`, data)).toBe(`${printed}\n`);
  });
});

describe("config fields have Go names", () => {
  test("Go names are case-insensitive", () => {
    const config = { os: "linux", rootfs: { diff_ids: ["sha256:4"] }, "os.version": "10" };
    const template = "{{.OS}} {{.RootFS.DiffIDs}} {{.OSVersion}}";
    expect(renderTemplate(template, config)).toBe("linux [sha256:4] 10\n");
  });
});

describe("a Go time", () => {
  test.each([
    ["2026-11-23T06:33:00Z", "2026-11-23 06:33:00 +0000 UTC"],
    ["2026-11-23T06:33:00.000Z", "2026-11-23 06:33:00 +0000 UTC"],
    ["2026-11-23T06:33:20.10+01:30", "2026-11-23 06:33:20.1 +0130 +0130"],
    ["yesterday", "yesterday"],
  ])("%s is printed as %s", (written, printed) => {
    expect(String(new GoTime(written))).toBe(printed);
  });
});
