import { rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../drayage.ts";

const accept = [{ type: "insecureAcceptAnything" }];
const reject = [{ type: "reject" }];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let image: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const layout = path.join(folder.path, "layout");
  await writeImage(await randomImage("policy"), ociLayout().parseReference(`${layout}:1`));
  image = `oci:${layout}:1`;
});

afterAll(async () => folder[Symbol.asyncDispose]());

async function policyFile(policy: unknown): Promise<string> {
  const file = path.join(folder.path, "policy.json");
  await writeFile(file, JSON.stringify(policy));
  return file;
}

describe("drayage copy", () => {
  test("copies what the policy accepts, and nothing else", async () => {
    const to = path.join(folder.path, "copy");
    const closed = await policyFile({ default: accept, transports: { oci: { "": reject } } });
    const refused = await drayage("copy", "--policy", closed, image, `dir:${to}`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('(transports.oci[""]): every image of this scope is rejected');
    const open = await policyFile({ default: reject, transports: { oci: { "": accept } } });
    const copied = await drayage("copy", "--policy", open, image, `dir:${to}`);
    expect(copied).toMatchObject({ code: 0 });
    await rm(to, { recursive: true });
  });

  test("a policy file with a mistake rejects everything", async () => {
    const file = await policyFile({ default: accept, transport: {} });
    const to = `dir:${path.join(folder.path, "none")}`;
    const { code, stderr } = await drayage("copy", "--policy", file, image, to);
    expect([code, stderr]).toEqual([1, expect.stringContaining("transport is not a known field")]);
  });
});

describe("drayage policy check", () => {
  test("prints the scope and the requirements", async () => {
    const file = await policyFile({ default: reject, transports: { oci: { "": accept } } });
    const { code, stdout } = await drayage("policy", "check", "--policy", file, image);
    expect(stdout).toMatch(
      /^sha256:[0-9a-f]{64}: accepted by transports.oci\[""\] of .*\n {2}met: insecureAcceptAnything: every image is accepted\n$/,
    );
    expect(code).toBe(0);
  });

  test("exits with 1 if the policy rejects the image", async () => {
    const file = await policyFile({ default: reject });
    const { code, stdout, stderr } = await drayage(
      "policy",
      "check",
      "--json",
      "--policy",
      file,
      image,
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`rejects ${image}`);
    expect(JSON.parse(stdout)).toMatchObject({
      file,
      images: [{ isAccepted: false, requirements: [{ type: "reject", isMet: false }] }],
    });
  });

  test("checks each image of an index", async () => {
    const layout = path.join(folder.path, "index");
    const index = await randomIndex("index");
    const { length } = index.instances;
    await writeImage(index, ociLayout().parseReference(`${layout}:1`));
    const file = await policyFile({ default: accept });
    const { stdout } = await drayage("policy", "check", "--policy", file, `oci:${layout}:1`);
    expect(stdout.match(/accepted by default/g)).toHaveLength(length);
  });

  test("needs a policy", async () => {
    const { code, stderr } = await drayage("policy", "check", "--insecure-policy", image);
    expect([code, stderr]).toEqual([1, expect.stringContaining("remove --insecure-policy")]);
  });
});

describe("drayage policy lint", () => {
  test("accepts a valid file, with scopes of its transports", async () => {
    const file = await policyFile({
      default: reject,
      transports: { docker: { "quay.io/team": accept }, other: { anything: accept } },
    });
    expect(await drayage("policy", "lint", file)).toMatchObject({
      code: 0,
      stdout: `${file} is valid\n`,
    });
  });

  test("names the location of a mistake", async () => {
    const file = await policyFile({ default: reject, transports: { dir: { relative: accept } } });
    const { code, stderr } = await drayage("policy", "lint", file);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("transports.dir.relative is not a scope"),
    ]);
  });
});
