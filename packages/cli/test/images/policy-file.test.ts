import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { loadPolicy } from "../../src/images/policy-file.ts";

const accept = { type: "insecureAcceptAnything" };
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "policy-"));
  vi.stubEnv("HOME", path.join(folder, "home"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function written(text: string, name = "policy.json"): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe("a policy file from --policy", () => {
  test.each([
    { default: [accept] },
    { default: [accept, accept], transports: {} },
    {
      default: [accept],
      transports: { docker: { "": [accept] }, "docker-daemon": { "": [accept] } },
    },
    { default: [accept], transports: { dir: { "/a": [accept], "/A": [accept] } } },
  ])("is honoured if it accepts everything: %j", async (policy) => {
    const file = await written(JSON.stringify(policy, undefined, 2));
    const loaded = await loadPolicy({ policy: file, requirePolicy: true });
    expect(loaded).toMatchObject({ file, policy: { default: policy.default } });
  });

  test.each([
    '{"default":[]}',
    '{"default":[{"type":"insecureAcceptAnything","keyPath":"/x"}]}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"dir":{"quay.io":[{"type":"reject"}]}}}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":{"quay.io":[]}}}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":[]}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":"reject"}}',
    '{"default":[{"type":"insecureAcceptAnything"}],"surprise":1}',
    '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"reject"}],"default" :[{"type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"insecureAcceptAnything","type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"insecureAcceptAnything"}],"Default":[{"type":"reject"}]}',
    '{"Default":[{"type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":{"a":[{"type":"insecureAcceptAnything"}],"a":[{"type":"reject"}]}}}',
    '{"default":[{"type":"insecureAcceptAnything"}]} {}',
    '\ufeff{"default":[{"type":"insecureAcceptAnything"}]}',
    '{"transports":{}}',
    "[]",
    "null",
    "",
    '{"default":[{"type":"insecureAcceptAnything"}]',
  ])("fails if it contains anything else: %s", async (text) => {
    const file = await written(text);
    const rejected = { code: "untrusted", message: expect.stringContaining(file) as string };
    await expect(loadPolicy({ policy: file })).rejects.toMatchObject(rejected);
    expect(await loadPolicy({ policy: file, insecurePolicy: true })).toMatchObject({
      policy: undefined,
    });
  });

  test("fails if it is not readable", async () => {
    const missing = loadPolicy({ policy: path.join(folder, "missing.json") });
    await expect(missing).rejects.toMatchObject({ code: "untrusted" });
    await expect(loadPolicy({ policy: folder })).rejects.toMatchObject({ code: "untrusted" });
  });
});

describe("the default policy file", () => {
  test("is read from the home folder first", async () => {
    const file = await written(
      '{"default":[{"type":"reject"}]}',
      "home/.config/containers/policy.json",
    );
    await written(JSON.stringify({ default: [accept] }), "etc/containers/policy.json");
    const loaded = await loadPolicy({}, { rootForImplicitAbsolutePaths: folder });
    expect(loaded).toMatchObject({ file, policy: { default: [{ type: "reject" }] } });
  });

  test("is read from /etc second", async () => {
    const file = await written('{"default":[{"type":"reject"}]}', "etc/containers/policy.json");
    const loaded = await loadPolicy({}, { rootForImplicitAbsolutePaths: folder });
    expect(loaded).toMatchObject({ file, policy: { default: [{ type: "reject" }] } });
  });

  test("is optional with a notice, unless --require-policy is set", async () => {
    const system = { rootForImplicitAbsolutePaths: folder };
    expect((await loadPolicy({}, system)).notice).toContain("no policy.json");
    const refused = loadPolicy({ requirePolicy: true }, system);
    await expect(refused).rejects.toMatchObject({ code: "untrusted" });
  });
});
