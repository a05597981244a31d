import { describe, expect, test } from "vitest";

import { drayage, ended, startDrayage } from "./drayage.ts";

describe("the command line", () => {
  test("--version prints to standard output", async () => {
    const { code, stdout, stderr } = await drayage("--version");
    expect(stdout).toMatch(/^drayage \d+\.\d+\.\d+\S*\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.each([
    [["--help"]],
    [["help"]],
    [["copy", "--help"]],
    [["help", "copy"]],
    [["inspect", "-h"]],
  ])("%j prints help with examples", async (args) => {
    const { code, stdout, stderr } = await drayage(...args);
    expect(stdout).toContain("Examples:\n  drayage ");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.each([
    [["--version"], 0],
    [["frobnicate"], 1],
    [["inspect", "--raw", "dir:/nonexistent"], 2],
  ])("%j exits with %i", async (args, code) => {
    const expected = await drayage(...args);
    expect(expected.code).toBe(code);
    expect(await ended(startDrayage(args))).toEqual(expected);
  });

  test.each([
    [["cpoy", "a", "b"], /unknown command 'cpoy', did you mean copy\?/],
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["copy", "--alll", "a", "b"], /unknown option '--alll', did you mean --all\?/],
    [["inspect", "--debugg", "a"], /did you mean --debug\?/],
    [["copy", "a"], /missing required argument 'destination'/],
    [["inspect", "a", "b"], /too many arguments/],
    [["--command-timeout", "soon", "inspect", "a"], /such as 30s/],
    [["copy", "--progress", "loud", "a", "b"], /Allowed choices are auto, bar, plain, json, none/],
    [["copy", "--dest-tls-verify=maybe", "a", "b"], /--dest-tls-verify must be true or false/],
    [
      ["inspect", "alpine"],
      /for a registry write docker:\/\/alpine \(transports: dir, docker, .+, tarball\)/,
    ],
    [["inspect", "images.tar"], /for an archive write docker-archive:images\.tar or oci-archive:/],
    [["inspect", "dri:/tmp"], /did you mean dir:\/tmp\?/],
    [["inspect", "./layout"], /for a folder write dir:\.\/layout \(/],
    [["inspect", "https://quay.io/a"], /is written docker:\/\/quay\.io\/a, with no http:\/\//],
    [["inspect", "localhost:5000/a"], /for a registry write docker:\/\/localhost:5000\/a \(/],
    [["inspect", "docker-deamon//a:1"], /did you mean docker-daemon:/],
    [["inspect", "lab:/tmp/image"], /unknown transport "lab" \(transports: dir, docker, /],
    [
      ["inspect", "containers-storage:alpine"],
      /the transport containers-storage is not supported; push it out of Podman/,
    ],
    [["inspect", "docker:alpine"], /write docker:\/\/alpine\n/],
    [["inspect", "docker:/alpine"], /write docker:\/\/alpine\n/],
    [["inspect", "docker//alpine"], /did you mean docker:\/\/alpine\?/],
    [["--policy", "/nonexistent", "copy", "dir:/a", "dir:/b"], /it does not exist; name another/],
    [
      ["inspect", "--cert-dir=/nonexistent", "docker://example.invalid/a"],
      /folder \/nonexistent does not exist/,
    ],
    [["copy", "--dest-cert-dir=a", "dir:/a", "dir:/b"], /--dest-cert-dir does not apply to dir:/],
  ])("%j prints an error of one line to standard error", async (args, message) => {
    const { code, stdout, stderr } = await drayage(...args);
    expect(stderr).toMatch(/^drayage: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test("without arguments it prints help and fails", async () => {
    const { code, stdout, stderr } = await drayage();
    expect(stderr).toContain("Usage: drayage");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test.each([
    [["copy", "--dest-passwort=hunter2", "dir:/a", "dir:/b"]],
    [["copy", "--dest-creds=:hunter2", "dir:/a", "docker://example.invalid/b"]],
    [["copy", "--dest-password=hunter2", "dir:/a", "docker://example.invalid/b"]],
    [["copy", "--src-creds=me:hunter2", "dir:/a", "docker://example.invalid/b"]],
  ])("%j does not print the secret", async (args) => {
    const { code, stdout, stderr } = await drayage(...args, "--debug", "--insecure-policy");
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain("hunter2");
  });
});
