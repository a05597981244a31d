import { CommanderError } from "commander";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";

import { normalizedArguments } from "../../src/flags/normalized-arguments.ts";
import { describeFailure } from "../../src/process/failure.ts";
import { definedProgram } from "../defined-program.ts";

/** All commands and flags of skopeo 1.9 to 1.22, from its help and manual. */
const skopeo: Readonly<Record<string, string>> = {
  "": "command-timeout debug insecure-policy override-arch override-os override-variant policy registries.d tmpdir user-agent-prefix registries-conf tls-details require-signed",
  copy: "additional-tag additional-tags all authfile decryption-key dest-authfile dest-cert-dir dest-compress dest-compress-format dest-compress-level dest-creds dest-daemon-host dest-decompress dest-force-compress-format dest-no-creds dest-oci-accept-uncompressed-layers dest-password dest-precompute-digests dest-registry-token dest-shared-blob-dir dest-tls-verify dest-username digestfile encrypt-layer encryption-key format image-parallel-copies multi-arch preserve-digests quiet remove-signatures retry-times retry-delay sign-by sign-by-sigstore sign-by-sigstore-private-key sign-by-sq-fingerprint sign-identity sign-passphrase-file src-authfile src-cert-dir src-creds src-daemon-host src-no-creds src-password src-registry-token src-shared-blob-dir src-tls-verify src-username screds dcreds",
  delete:
    "authfile cert-dir creds daemon-host no-creds password registry-token retry-times retry-delay shared-blob-dir tls-verify username",
  inspect:
    "authfile cert-dir config creds daemon-host format no-creds no-tags password raw registry-token retry-times retry-delay shared-blob-dir tls-verify username manifest-digest",
  "list-tags":
    "authfile cert-dir creds no-creds password registry-token retry-times retry-delay tls-verify username",
  login:
    "authfile cert-dir compat-auth-file get-login password password-stdin tls-verify username verbose",
  logout: "all authfile compat-auth-file tls-verify",
  "manifest-digest": "",
};

const absent = ["sync", "layers", "experimental-image-proxy", "completion"];

async function answerTo(...args: readonly string[]): Promise<string | undefined> {
  const program = definedProgram();
  try {
    await program.parseAsync(normalizedArguments(args, program), { from: "user" });
    return undefined;
  } catch (error) {
    return describeFailure(error, { debug: false, command: args[0] });
  }
}

describe("commands and flags that only skopeo has", () => {
  test.each(absent)("the command %s is reported with an alternative", async (name) => {
    expect(await answerTo(name, "--flag", "a", "b")).toMatch(
      new RegExp(`^drayage: skopeo's command ${name} is not supported: .{10,}`),
    );
  });

  const calls = Object.entries(skopeo).flatMap(([command, names]) =>
    names
      .split(" ")
      .filter(Boolean)
      .map((name) => [command, `--${name}`] as const),
  );

  test.each(calls)("%s %s is known, or reported with an alternative", async (command, flag) => {
    const program = definedProgram();
    const own = program.commands.find((one) => one.name() === command) ?? program;
    const isKnown = (one: Command): boolean => one.options.some(({ long }) => long === flag);
    if (isKnown(own) || isKnown(program)) return;
    const words = command === "" ? ["inspect"] : [command];
    for (const written of [[flag], [`${flag}=secret`]]) {
      const answer = await answerTo(...words, ...written, "dir:a", "dir:b");
      expect(answer).toMatch(new RegExp(`^drayage: ${flag} is not supported: .{6,}`));
      expect(answer).not.toContain("secret");
    }
  });

  test.each(["creds", "tls-verify", "cert-dir", "password", "no-creds"])(
    "copy --%s is reported with the flags of both sides",
    async (name) => {
      const answer = await answerTo("copy", `--${name}`, "dir:a", "dir:b");
      expect(answer).toMatch(new RegExp(`use --src-${name} or --dest-${name}$`));
    },
  );
});

test("the value of a flag of another command is not printed", async () => {
  const answer = await answerTo("login", "--creds=me:secret", "registry.example.com");
  expect(answer).toMatch(/unknown option '--creds'/);
  expect(answer).not.toContain("secret");
});

test("an unknown flag is reported as unknown", () => {
  const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--frob'");
  expect(describeFailure(error, { debug: false })).toBe(
    "drayage: unknown option '--frob'; --help lists all commands and flags",
  );
});
