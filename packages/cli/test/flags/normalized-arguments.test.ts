import { Command } from "commander";
import { describe, expect, test } from "vitest";

import { parseBoolean, normalizedArguments } from "../../src/flags/normalized-arguments.ts";

const program = new Command("tool")
  .option("--debug")
  .version("1", "-v, --version")
  .addCommand(new Command("login").option("-v, --verbose").option("-p, --password <password>"))
  .addCommand(new Command("group").addCommand(new Command("inner").option("--for <duration>")))
  .addCommand(
    new Command("copy")
      .option("-a, --all")
      .option("--creds <user:password>")
      .option("-f, --format <type>")
      .option("--tls-verify [bool]"),
  );

describe("flags are parsed like pflag's", () => {
  test.each([
    { written: ["copy", "--all=true"], plain: ["copy", "--all"] },
    { written: ["copy", "--all=false"], plain: ["copy"] },
    { written: ["--debug=1", "copy"], plain: ["--debug", "copy"] },
    { written: ["copy", "--tls-verify", "a"], plain: ["copy", "--tls-verify=true", "a"] },
    { written: ["copy", "--tls-verify=false", "a"], plain: ["copy", "--tls-verify=false", "a"] },
    { written: ["copy", "--creds=a:b=c"], plain: ["copy", "--creds=a:b=c"] },
    { written: ["copy", "--creds", "--x=1"], plain: ["copy", "--creds", "--x=1"] },
    { written: ["copy", "-f", "--x=1"], plain: ["copy", "-f", "--x=1"] },
    { written: ["-v"], plain: ["-v"] },
    { written: ["copy", "-v"], plain: ["copy", "-v"] },
    { written: ["--debug", "login", "-v"], plain: ["--debug", "login", "--verbose"] },
    { written: ["login", "-p", "-v"], plain: ["login", "-p", "-v"] },
    { written: ["group", "inner", "--for=1h"], plain: ["group", "inner", "--for=1h"] },
    { written: ["copy", "--", "--all=false"], plain: ["copy", "--", "--all=false"] },
    { written: ["copy", "-a", "dir:a=b"], plain: ["copy", "-a", "dir:a=b"] },
  ])("$written", ({ written, plain }) => {
    expect(normalizedArguments(written, program)).toEqual(plain);
  });

  test("the value of a mistyped flag is dropped, so that it is never printed", () => {
    expect(normalizedArguments(["copy", "--cred=me:secret"], program)).toEqual(["copy", "--cred"]);
  });

  test("a boolean flag with another value is rejected", () => {
    expect(() => normalizedArguments(["copy", "--all=maybe"], program)).toThrow(
      /--all must be true/,
    );
    for (const text of ["no", "constructor", "__proto__"])
      expect(() => parseBoolean("--tls-verify", text)).toThrow(
        /--tls-verify must be true or false/,
      );
  });
});
