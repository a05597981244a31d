import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { findProgram, outputOf } from "@drayage/test-support";
import { randomArtifact, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { drayage, ended, startDrayage, temporaryFolder } from "../../drayage.ts";

let registry: Registry;
let image: WholeImage;
let index: WholeImage;
let artifact: WholeImage;
let source = "";

beforeAll(async () => {
  registry = await startRegistry();
  image = await randomImage("inspect", { annotations: { "org.example.note": "<&>" } });
  index = await randomIndex("inspect", { attestation: true });
  artifact = await randomArtifact("inspect");
  for (const tag of ["1", "2"]) await registry.putImage("team/app", image, tag);
  await registry.putImage("team/index", index, "latest");
  await registry.putImage("team/artifact", artifact, "latest");
  source = `docker://${registry.host}/team/app:1`;
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

async function inspected(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await drayage("inspect", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("inspect", () => {
  test("prints skopeo's keys in skopeo's order", async () => {
    const summary = await inspected(source);
    expect(Object.keys(summary)).toEqual(
      "Name Digest RepoTags Created DockerVersion Labels Architecture Os Layers LayersData Env".split(
        " ",
      ),
    );
    expect(summary).toMatchObject({
      Name: `${registry.host}/team/app`,
      Digest: image.manifest.digest,
      RepoTags: ["1", "2"],
      Created: "2024-01-01T00:00:00Z",
      DockerVersion: "",
      Architecture: "amd64",
      Os: "linux",
    });
  });

  test("prints the platforms and digest of an index, and the digest of the selected image", async () => {
    const summary = await inspected(
      "--platform=linux/arm64",
      `docker://${registry.host}/team/index`,
    );
    expect(summary).toMatchObject({
      Digest: index.manifest.digest,
      InstanceDigest: index.instances[1]?.digest,
      Platforms: ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/arm/v6"],
      Architecture: "arm64",
      Variant: "v8",
    });
  });

  test("prints the type of an artifact", async () => {
    const summary = await inspected(`docker://${registry.host}/team/artifact`);
    expect(summary).toMatchObject({
      ArtifactType: "application/vnd.example.thing",
      ConfigType: "application/vnd.oci.empty.v1+json",
      LayersData: [{ MIMEType: "application/vnd.example.thing.content", Size: 1024 }],
    });
  });

  test("--platform is checked for a single image, --override-arch selects from an index only", async () => {
    const { code, stderr } = await drayage("inspect", "--platform=linux/arm64", source);
    expect(stderr).toMatch(/No image for linux\/arm64: .+ single image for linux\/amd64/);
    expect(code).toBe(2);
    expect(await inspected("--platform=linux/amd64", source)).toMatchObject({ Os: "linux" });
    expect(await inspected("--override-arch=arm64", source)).toMatchObject({ Os: "linux" });
  });

  test("--raw prints the manifest unchanged", async () => {
    const { bytes } = await drayage("inspect", "--raw", `docker://${registry.host}/team/index`);
    expect(bytes.equals(index.manifest.bytes)).toBe(true);
  });

  test("--config --raw prints the config unchanged; --config prints it as JSON", async () => {
    const { config } = JSON.parse(String(image.manifest.bytes)) as { config: { digest: never } };
    const expected = Buffer.from(image.blobs.get(config.digest) ?? []);
    const { bytes } = await drayage("inspect", "--config", "--raw", source);
    expect(bytes.equals(expected)).toBe(true);
    const inGo = String(expected).replaceAll(".000Z", "Z");
    expect(await inspected("--config", source)).toEqual(JSON.parse(inGo));
  });

  test("--format prints the selected fields", async () => {
    const template = "{{.Name}} {{.Os}}/{{.Architecture}} {{len .Layers}}";
    const { stdout } = await drayage("inspect", "-n", "--format", template, source);
    expect(stdout).toBe(`${registry.host}/team/app linux/amd64 3\n`);
    const config = await drayage("inspect", "--config", "-f", "{{.OS}}{{.Author}}", source);
    expect(config.stdout).toBe("linux\n");
  });

  test("--no-tags does not list tags", async () => {
    registry.clear();
    expect(await inspected("--no-tags", source)).toMatchObject({ RepoTags: [] });
    expect(
      registry.requests.filter(({ path: requested }) => requested.endsWith("/tags/list")),
    ).toEqual([]);
  });

  test("a failure to list tags is logged and does not fail the command", async () => {
    await using secretive = await startRegistry({
      intercept: ({ path: requested }) =>
        requested.endsWith("/tags/list") ? { status: 403, body: "" } : undefined,
    });
    await secretive.putImage("team/app", image, "1");
    const { code, stdout, stderr } = await drayage(
      "inspect",
      `docker://${secretive.host}/team/app:1`,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^drayage: the tags of the repository cannot be listed: [^\n]+\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: image.manifest.digest, RepoTags: [] });
  });

  describe("inspect of a registry with notices", () => {
    let talkative: Registry;
    let name = "";

    beforeAll(async () => {
      const headers = {
        "Content-Type": image.manifest.mediaType,
        "Docker-Content-Digest": image.manifest.digest,
        "RateLimit-Limit": "100;w=21600",
        "RateLimit-Remaining": "5;w=21600",
        "Docker-RateLimit-Source": "192.0.2.1",
        Warning: '299 - "this repository moves"',
      };
      talkative = await startRegistry({
        intercept: ({ path: requested }) =>
          requested.includes("/manifests/")
            ? { status: 200, headers, body: image.manifest.bytes }
            : undefined,
      });
      await talkative.putImage("team/app", image, "1");
      name = `docker://${talkative.host}/team/app:1`;
    });

    afterAll(async () => {
      await talkative[Symbol.asyncDispose]();
    });

    test("prints them at the end of the summary", async () => {
      const summary = await inspected(name);
      expect(Object.keys(summary).slice(-3)).toEqual(["Env", "RateLimit", "Warnings"]);
      expect(summary).toMatchObject({
        RateLimit: { Limit: 100, Remaining: 5, Window: 21_600, Source: "192.0.2.1" },
        Warnings: ["this repository moves"],
      });
    });

    test.each([["--raw"], ["--config"], ["--format={{.Digest}}"]])(
      "logs them to standard error with %s",
      async (flag) => {
        const { stderr } = await drayage("inspect", flag, name);
        expect(stderr.trimEnd().split("\n")).toEqual([
          `drayage: warning from ${talkative.host}: this repository moves`,
          `drayage: ${talkative.host} allows 100 requests in 6 h, 5 remaining`,
        ]);
      },
    );
  });

  test("a closed standard output ends the command silently", async () => {
    const child = startDrayage(["inspect", "--raw", source]);
    child.stdout.destroy();
    expect(await ended(child)).toMatchObject({ code: 141, stderr: "" });
  });

  test.each([
    [["--raw", "--format", "{{.Name}}"], 1, /remove --format/],
    [["--platform=linux/amd64", "--override-arch=arm64"], 1, /use --platform alone/],
    [["--format", "{{.Nmae}}"], 1, /available: Name, Tag, Digest/],
  ])("%j exits with %i", async (flags, exitCode, message) => {
    const { code, stderr } = await drayage("inspect", ...flags, source);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
  });

  test("a missing image exits with 2", async () => {
    const missing = await drayage("inspect", `docker://${registry.host}/team/app:3`);
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect((await drayage("inspect", "dir:/nonexistent/image")).code).toBeGreaterThan(0);
  });
});

const skopeo = findProgram("skopeo");

describe.skipIf(skopeo === undefined)("inspect compared to skopeo", () => {
  /** Only newer versions of skopeo write it. */
  const newer = /^ {4}"LayersData": \[\n.*?^ {4}\],\n/ms;

  test.each([
    ["registry", async () => source],
    ["layout", async (folder: string) => `oci:${path.join(folder, "layout")}:image`],
    ["directory", async (folder: string) => `dir:${path.join(folder, "dir")}`],
  ])("the output for an image in a %s is the same", async (_, locationIn) => {
    await using folder = await temporaryFolder();
    const location = await locationIn(folder.path);
    if (location !== source) await drayage("copy", "-q", "--insecure-policy", source, location);
    const reach = location === source ? ["--tls-verify=false"] : [];
    for (const flags of [
      [],
      ["--raw"],
      ["--config", "--raw"],
      ["--config"],
      ["-f", "{{.Created}} {{.Labels}}"],
    ]) {
      const args = ["inspect", "--no-tags", ...reach, ...flags, location];
      const ours = await drayage(...args);
      const theirs = await outputOf(skopeo ?? "", ...args);
      expect(ours.stdout.replace(newer, "")).toBe(theirs.replace(newer, ""));
    }
  });

  const templates = [
    "{{.}}",
    "{{.Name}}|{{.Tag}}|{{.RepoTags}}|{{.Env}}",
    "{{json .}}",
    "{{if .Labels}}yes{{else}}no{{end}} {{if eq .Os `linux`}}L{{else if .Name}}N{{end}}",
    "{{range $i, $layer := .Layers}}{{if $i}}, {{end}}{{$layer}}{{else}}none{{end}}",
    "{{range $key, $value := .Labels}}{{$key}}={{$value}}{{end}}",
    "{{with .Env}}{{index . 0}}{{else}}none{{end}}",
    "{{range .Layers}}{{println .}}{{end}}",
    '{{.Digest.Hex | printf "%.12s"}} {{.Created.Format "2006-01-02"}} {{.Created.Unix}}',
    '{{printf "%q %v %5d|%-8s|%T %#v" .Os .Env (len .Layers) .Architecture .Layers .Labels}}',
    '{{printf "%d %s %z" .Os 3 1}}{{printf "%d" 1 2}}{{printf "%s"}}',
    "{{$count := len .Layers}}{{if gt $count 1}}many{{end}} {{and .Os .Name}} {{or .Tag 1}} {{not .Os}}",
    "{{- /* nothing */ -}} a {{- .Os }}",
    "{{slice .Os 0 3}} {{print 1 2 `a` 3}} {{html `<a>`}} {{js .Os}} {{urlquery `a b`}}",
    "{{.Nothing}}",
    "{{if}}",
    "{{.Os",
    "{{nothing}}",
    "{{index .Layers 99}}",
  ];
  const configTemplates = [
    "{{.}}",
    "{{.OS}} {{.Config.Env}} {{.Config.Labels}} {{.RootFS.Type}} {{.RootFS}} {{len .History}}",
    "{{range .History}}{{.CreatedBy}} {{.EmptyLayer}} {{.Created}}{{end}}",
    '{{printf "%+v" .Config}} {{(index .RootFS.DiffIDs 0).Algorithm}}',
  ];

  test("templates of summaries and configs render and fail alike", async () => {
    const calls = [
      ...templates.map((template) => ["-f", template]),
      ...[...configTemplates, "json"].map((template) => ["--config", "-f", template]),
    ];
    const outputs = await Promise.all(
      calls.map(async (flags) => {
        const args = ["inspect", "--no-tags", "--tls-verify=false", ...flags, source];
        const ours = await drayage(...args);
        const theirs = await outputOf(skopeo ?? "", ...args).catch(() => undefined);
        const printed = ours.code === 0 ? ours.stdout.replace(newer, "") : undefined;
        return { flags, printed, expected: theirs?.replace(newer, "") };
      }),
    );
    for (const { flags, printed, expected } of outputs)
      expect([flags, printed]).toEqual([flags, expected]);
  }, 120_000);
});
