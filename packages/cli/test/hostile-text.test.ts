import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { findProgram, outputOf } from "@drayage/test-support";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { definedProgram } from "./defined-program.ts";
import { command, drayageWith, temporaryFolder } from "./drayage.ts";

/** Characters that control terminals or disguise text. */
const hostile = "\u001B]0;owned\u0007\u009B31m\u202Etxet\u2066\u200B\u2028\u0085\u007F end";
const obeyed = new RegExp(
  String.raw`\u001B\]0;owned|[\0\u0007\u007F-\u009F\u061C\u200B-\u200F\u202A-\u202E\u2028\u2029\u2066-\u2069\uFEFF]`,
  "u",
);
const escaped = /\\(?:x1b|u001b)\]0;owned/;
const longText = "x".repeat(1_000_000);
const script = findProgram("script");

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: Registry;
let [layout, location] = ["", ""];

beforeAll(async () => {
  folder = await temporaryFolder();
  layout = path.join(folder.path, "layout");
  await writeHostileLayout(layout);
  const warning = `299 - "moved \u0085\u009B31m"`;
  registry = await startRegistry({
    intercept: ({ path: requested }) => {
      if (requested === "/v2/") return undefined;
      if (requested.endsWith("/tags/list"))
        return json(200, { name: hostile, tags: ["1", hostile] });
      if (requested.endsWith("/_catalog")) return json(200, { repositories: [hostile] });
      const errors = [{ code: `DENIED${hostile}`, message: `${hostile}${longText}` }];
      return { ...json(403, { errors }), headers: { Warning: warning } };
    },
  });
  location = `docker://${registry.host}/team/app`;
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function json(status: number, body: unknown): { status: number; body: string } {
  return { status, body: JSON.stringify(body) };
}

/** Writes an index with an image and an artifact that have hostile text in every text field. */
async function writeHostileLayout(root: string): Promise<void> {
  const blobs = path.join(root, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const add = async (content: unknown, mediaType: string): Promise<Record<string, unknown>> => {
    const bytes = Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    const digest = digestOf(bytes);
    await writeFile(path.join(blobs, digest.slice("sha256:".length)), bytes);
    return { mediaType, digest, size: bytes.byteLength };
  };
  const annotations = { [hostile]: hostile };
  const [oci, image] = ["application/vnd.oci.image", "application/vnd.oci.image.manifest.v1+json"];
  const layer = await add("layer", `${oci}.layer.v1.tar`);
  const config = await add(
    {
      architecture: "amd64",
      os: "linux",
      author: hostile,
      variant: hostile,
      config: { Env: [`A=${hostile}`], Labels: annotations, User: hostile, Cmd: [hostile] },
      rootfs: { type: "layers", diff_ids: [layer["digest"]] },
      history: [{ created_by: hostile, comment: hostile }],
      [hostile]: hostile,
    },
    `${oci}.config.v1+json`,
  );
  const layers = [{ ...layer, annotations }];
  const one = await add({ schemaVersion: 2, mediaType: image, config, layers, annotations }, image);
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: hostile, architecture: "x", variant: hostile },
  ];
  const manifests = platforms.map((platform) => ({ ...one, platform, annotations }));
  const type = `${oci}.index.v1+json`;
  const index = await add({ schemaVersion: 2, mediaType: type, manifests, annotations }, type);
  const empty = await add("{}", "application/vnd.oci.empty.v1+json");
  const artifactType = `application/${hostile}`;
  const subject = index;
  const artifact = await add(
    {
      schemaVersion: 2,
      mediaType: image,
      artifactType,
      config: empty,
      layers: [],
      subject,
      annotations,
    },
    image,
  );
  const named = (entry: object, name: string): object => ({
    ...entry,
    annotations: { ...annotations, "org.opencontainers.image.ref.name": name },
  });
  const entries = [named(index, "x"), named(one, hostile), named(artifact, "artifact")];
  await writeFile(
    path.join(root, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: entries }),
  );
  await writeFile(path.join(root, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

const calls: readonly (() => readonly string[])[] = [
  () => [
    "copy",
    "--insecure-policy",
    "--all",
    `oci:${layout}:x`,
    `oci:${folder.path}/${hostile}:y`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    "--all",
    "--referrers",
    "--dry-run",
    `oci:${layout}:x`,
    `oci:${folder.path}/b:x`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    "--all",
    "--dry-run",
    "--json",
    `oci:${layout}:x`,
    `dir:${folder.path}/c`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    "--all",
    "--progress=json",
    `oci:${layout}:x`,
    `dir:${folder.path}/d`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    "--progress=plain",
    `oci:${layout}:x`,
    `dir:${folder.path}/e ${hostile}`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    "--platform=linux/s390x",
    "--debug",
    `oci:${layout}:x`,
    `dir:${folder.path}/f`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    "--retry-times=1",
    "--retry-delay=1ms",
    `${location}:1`,
    `dir:${folder.path}/g`,
  ],
  () => [
    "copy",
    "--insecure-policy",
    `--digestfile=${folder.path}/no/${hostile}`,
    `oci:${layout}:x`,
    `dir:${folder.path}/h`,
  ],
  () => ["inspect", `oci:${layout}:x`],
  () => ["inspect", `oci:${layout}:artifact`],
  () => ["inspect", "--config", `oci:${layout}:x`],
  () => ["inspect", "--raw", `oci:${layout}:x`],
  () => ["inspect", "--raw", "--config", `oci:${layout}:x`],
  () => [
    "inspect",
    "--format",
    "{{.Labels}}{{.Env}}{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}",
    `oci:${layout}:x`,
  ],
  () => [
    "inspect",
    "--config",
    "--format",
    "{{.}}{{json .Config}}{{printf `%s %q` .Author .Author}}",
    `oci:${layout}:x`,
  ],
  () => ["inspect", "--format", `{{.${hostile}}}`, `oci:${layout}:x`],
  () => ["inspect", "--debug", `oci:${layout}:${hostile}`],
  () => ["inspect", "--debug", `${location}:1`],
  () => ["inspect", `oci:${layout}:${longText.slice(0, 100_000)}`],
  () => ["plan", `oci:${layout}:x`, `dir:${folder.path}/${hostile}`],
  () => ["plan", "--json", `oci:${layout}:x`, `dir:${folder.path}/${hostile}`],
  () => ["apply", `${folder.path}/${hostile}`],
  () => ["verify", "--referrers", `oci:${layout}`],
  () => ["verify", "--json", `oci:${layout}:x`],
  () => ["verify", `dir:${folder.path}/${hostile}`],
  () => ["delete", `${location}:1`],
  () => ["delete", `oci:${layout}:nothing ${hostile}`],
  () => ["list-tags", location],
  () => ["list-tags", `oci:${layout}`],
  () => ["list-repositories", `docker://${registry.host}`],
  () => ["manifest-digest", `${folder.path}/${hostile}`],
  () => ["policy", "lint", `${folder.path}/${hostile}`],
  () => ["policy", "check", "--policy", `${folder.path}/${hostile}`, `oci:${layout}:x`],
  () => ["standalone-sign", "-o", "none", `${folder.path}/${hostile}`, "a:b", hostile],
  () => ["standalone-verify", "--public-key-file", hostile, hostile, "a:b", "any", hostile],
  () => ["generate-sigstore-key", "--output-prefix", "none", "--passphrase-file", hostile],
  () => ["untrusted-signature-dump-without-verification", hostile],
  () => ["login", "-u", hostile, "-p", hostile, registry.host],
  () => ["login", "--get-login", hostile],
  () => ["logout", hostile],
  () => ["s3", "gc", `s3://${hostile}/a`],
  () => ["s3", "presign", `oci:${layout}:x`],
  () => ["policy", "check", `--policy=${folder.path}/${hostile}`, `oci:${layout}:x`],
  () => ["policy", "lint", `${folder.path}/${hostile}`],
  () => [hostile],
  () => ["inspect", `--${hostile}`, "a"],
  () => ["copy", "--multi-arch", hostile, "a", "b"],
  () => ["copy", "--policy", hostile, "dir:a", "dir:b"],
  () => [`sqlite:${hostile}`],
  () => ["inspect", `${hostile}:x`],
];

async function onTerminal(args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await drayageWith({ isTerminal: true }, ...args);
  return stdout + stderr;
}

async function onRealTerminal(args: readonly string[]): Promise<string> {
  const words = [process.execPath, ...command, ...args];
  const line = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
  const home = `HOME='${folder.path}' XDG_STATE_HOME='${folder.path}/state' XDG_RUNTIME_DIR='${folder.path}/run' TERM=xterm`;
  return outputOf(script ?? "", "-qc", `env ${home} ${line} < /dev/null`, "/dev/null");
}

function expectHarmless(args: readonly string[], output: string): void {
  const found = [args, obeyed.exec(output)?.[0], output.length < 60_000];
  expect(found).toEqual([args, undefined, true]);
}

test("no untrusted text reaches a terminal as control or invisible characters", async () => {
  vi.stubEnv("TERM", "xterm");
  vi.stubEnv("CI", undefined);
  let repeated = 0;
  for (const call of calls) {
    const output = await onTerminal(call());
    expectHarmless(call(), output);
    if (escaped.test(output)) repeated++;
  }
  expect(repeated).toBeGreaterThan(0.7 * calls.length);
});

test.skipIf(script === undefined)(
  "nor from the built command on a real terminal",
  async () => {
    for (const call of calls.filter((_, at) => at % 13 === 0)) {
      const output = await onRealTerminal(call());
      expectHarmless(call(), output);
      expect(output).toMatch(escaped);
    }
  },
  240_000,
);

test("every command is tested with hostile text", () => {
  const { commands } = definedProgram();
  const names = commands.map((one) => one.name());
  const driven = new Set(calls.map((call) => String(call).match(/"([a-z0-9-]+)"/)?.[1]));
  expect(names.filter((name) => !driven.has(name))).toEqual([]);
});
