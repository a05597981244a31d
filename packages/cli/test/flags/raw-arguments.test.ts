import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { command, temporaryFolder } from "../drayage.ts";

/** `$D` is the command, `$X` a name that is not UTF-8, and `k` a layout with an image. */
function shell(script: string, folder: string) {
  const quoted = [process.execPath, ...command].map((word) => `'${word}'`).join(" ");
  const text = `X=$(printf 'caf\\351'); ${script.replaceAll("$D", quoted)}`;
  return spawnSync("/bin/sh", ["-c", text], { cwd: folder, encoding: "utf8" });
}

const names = (folder: string): readonly string[] =>
  readdirSync(folder, { encoding: "buffer" })
    .map((name) => name.toString("latin1"))
    .toSorted();

const makesLayout = `printf abc > layer; tar -cf layer.tar layer; $D copy -q --insecure-policy tarball:layer.tar oci:k:one`;

describe.skipIf(process.platform !== "linux")("a path that is not UTF-8", () => {
  test("is readable as an image, as an archive and as a file of a flag", async () => {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    const script = [
      `${makesLayout} && cp -r k "$X" && mkdir in && mv "$X" in/`,
      `$D copy -q --insecure-policy "oci:in/$X:one" "docker-archive:a.tar:x:1"`,
      `mv a.tar "$X.tar" && $D inspect "docker-archive:$X.tar:x:1"`,
      `echo '{}' > "$X.json" && $D manifest-digest "$X.json"`,
      `$D login --get-login --authfile="$X.json" example.com 2>&1 | grep "Not logged in"`,
    ];
    const { status, stderr } = shell(script.join(" && "), folder);
    expect([status, stderr]).toEqual([0, ""]);
  });

  test("is writable if the folder exists, and rejected otherwise", async () => {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    const refused = shell(`${makesLayout} && $D copy -q --insecure-policy oci:k "dir:$X"`, folder);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("is not UTF-8");
    const before = ["k", "layer", "layer.tar"];
    expect(names(folder)).toEqual(before);
    const written = shell(`mkdir "$X"; $D copy -q --insecure-policy oci:k "dir:$X"`, folder);
    expect([written.status, written.stderr]).toEqual([0, ""]);
    expect(names(folder)).toEqual(["caf\u00E9", ...before]);
    expect(shell(`ls "$X"/manifest.json`, folder).status).toBe(0);
    const digest = shell(`$D copy -q --insecure-policy --digestfile "$X.txt" oci:k dir:d`, folder);
    expect(digest.status).toBe(1);
    expect(names(folder)).toEqual(["caf\u00E9", ...before]);
  });

  test("works as the current working directory", async () => {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    const script = `mkdir "$X" && cd "$X" && ${makesLayout} && $D copy -q --insecure-policy oci:k dir:d && ls d/manifest.json`;
    const { status, stderr } = shell(script, folder);
    expect([status, stderr]).toEqual([0, ""]);
    expect(names(folder)).toEqual(["caf\u00E9"]);
  });

  test("is rejected if a link or a variable leads to it", async () => {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    const script = `${makesLayout} && mkdir "$X" && ln -s "$X" link`;
    expect(shell(script, folder).status).toBe(0);
    const linked = shell("$D copy -q --insecure-policy oci:k dir:link/new", folder);
    expect(linked.status).toBe(1);
    expect(linked.stderr).toContain("is not UTF-8");
    const variable = shell(
      'REGISTRY_AUTH_FILE="$X/auth.json" $D inspect docker://example.invalid/a',
      folder,
    );
    expect(variable.status).toBe(1);
    expect(variable.stderr).toContain("REGISTRY_AUTH_FILE is not UTF-8");
    expect(names(folder)).toEqual(["caf\u00E9", "k", "layer", "layer.tar", "link"]);
  });

  test("is rejected as HOME, which contains the cache and the credentials", async () => {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    for (const args of ["inspect docker://example.invalid/a", "copy oci:k dir:d"]) {
      const { status, stderr } = shell(`HOME="$X" $D ${args}`, folder);
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining("HOME is not UTF-8; name the file or folder by a path that is"),
      ]);
    }
    const without = shell(
      `${makesLayout} && export HOME="$X" && echo '{}' > a && $D manifest-digest a && $D inspect oci:k && $D --help`,
      folder,
    );
    expect([without.status, without.stderr]).toEqual([0, ""]);
    expect(names(folder)).toEqual(["a", "k", "layer", "layer.tar"]);
  });

  test("differs from a name with the replacement character", async () => {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    const script = `${makesLayout} && $D copy -q --insecure-policy oci:k "dir:a\uFFFD"`;
    const { status, stderr } = shell(script, folder);
    expect([status, stderr]).toEqual([0, ""]);
    expect(readdirSync(folder)).toContain("a\uFFFD");
  });
});
