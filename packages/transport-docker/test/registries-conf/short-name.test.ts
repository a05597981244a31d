import { formatNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import { resolveShortName } from "../../src/index.ts";
import { confWith, machineWith } from "./scratch-conf.ts";

const digest = `@sha256:${"a".repeat(64)}`;
const text = `
  unqualified-search-registries = ["quay.io", "docker.io"]
  [aliases]
  tool = "example.com/tools/tool"
  "team/tool" = "localhost/tool"
  gone = ""
`;

async function candidatesOf(name: string): Promise<readonly string[]> {
  const { candidates } = await resolveShortName(name, await confWith(text));
  return candidates.map(formatNamedReference);
}

describe("candidates of a short name:", () => {
  test.each([
    ["tool", ["example.com/tools/tool:latest"]],
    ["tool:1", ["example.com/tools/tool:1"]],
    [`tool${digest}`, [`example.com/tools/tool${digest}`]],
    ["team/tool", ["localhost/tool:latest"]],
    ["gone", ["quay.io/gone:latest", "docker.io/library/gone:latest"]],
    ["alpine:3", ["quay.io/alpine:3", "docker.io/library/alpine:3"]],
    [`a/b${digest}`, [`quay.io/a/b${digest}`, `docker.io/a/b${digest}`]],
    ["example.com/tool", ["example.com/tool:latest"]],
    ["localhost/tool:1", ["localhost/tool:1"]],
    ["localhost:5000/tool", ["localhost:5000/tool:latest"]],
  ])("%s %j", async (name, expected) => {
    expect(await candidatesOf(name)).toEqual(expected);
  });
});

test("the choice of the user takes precedence over the configuration, also an empty one", async () => {
  const chosen = '[aliases]\ntool = "chosen.example/tool"\n"team/tool" = ""';
  const file = "containers/short-name-aliases.conf";
  const system = await machineWith({
    "etc/containers/registries.conf": text,
    [`var/cache/${file}`]: chosen,
    [`home/me/.cache/${file}`]: chosen,
  });
  const { candidates } = await resolveShortName("tool", { system });
  expect(candidates.map(formatNamedReference)).toEqual(["chosen.example/tool:latest"]);
  expect((await resolveShortName("team/tool", { system })).candidates).toHaveLength(2);
});

test("the mode for several candidates is returned", async () => {
  const mode = async (line: string): Promise<string> =>
    (await resolveShortName("a.com/b", await confWith(line))).mode;
  expect(await mode("")).toBe("permissive");
  expect(await mode('short-name-mode = "enforcing"')).toBe("enforcing");
});

test.each([
  ["alpine", ""],
  ["Alpine", text],
])("%s may have no candidates", async (name, conf) => {
  await expect(resolveShortName(name, await confWith(conf))).rejects.toMatchObject({
    code: "invalid-reference",
  });
});
