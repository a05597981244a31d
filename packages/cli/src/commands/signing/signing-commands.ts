import { Command } from "commander";

import type { KeyFlags } from "./generate-sigstore-key.ts";
import type { StandaloneSignFlags } from "./standalone-sign.ts";
import type { StandaloneVerifyFlags } from "./standalone-verify.ts";

/** The commands for signatures in files, as in skopeo. */
export function signingCommands(signal: AbortSignal): readonly Command[] {
  return [
    standaloneSignCommand(signal),
    standaloneVerifyCommand(signal),
    generateSigstoreKeyCommand(),
    dumpCommand(),
  ];
}

function standaloneSignCommand(signal: AbortSignal): Command {
  return new Command("standalone-sign")
    .description("Sign a manifest in a file with a key of gpg")
    .argument("<manifest>", "the file with the manifest")
    .argument("<reference>", "the name of the image: HOST/NAME:TAG")
    .argument("<fingerprint>", "the fingerprint of the key")
    .requiredOption("-o, --output <file>", "write the signature to this file")
    .option("--passphrase-file <file>", "read the passphrase of the key from this file")
    .addHelpText("after", signExamples)
    .action(
      async (manifest: string, reference: string, key: string, flags: StandaloneSignFlags) => {
        const { standaloneSign } = await import("./standalone-sign.ts");
        await standaloneSign(manifest, reference, key, flags, signal);
      },
    );
}

function standaloneVerifyCommand(signal: AbortSignal): Command {
  return new Command("standalone-verify")
    .description("Verify a signature in a file")
    .argument("<manifest>", "the file with the manifest")
    .argument("<reference>", "the name of the image: HOST/NAME:TAG")
    .argument("<fingerprints>", "accepted keys, separated by commas; any: all of --public-key-file")
    .argument("<signature>", "the file with the signature")
    .option("--public-key-file <file>", "a keyring of public keys, instead of those of gpg")
    .addHelpText("after", verifyExamples)
    .action(
      async (
        manifest: string,
        reference: string,
        fingerprints: string,
        signature: string,
        flags: StandaloneVerifyFlags,
      ) => {
        const { standaloneVerify } = await import("./standalone-verify.ts");
        await standaloneVerify({ manifest, reference, fingerprints, signature }, flags, signal);
      },
    );
}

function generateSigstoreKeyCommand(): Command {
  return new Command("generate-sigstore-key")
    .description("Generate a key pair for sigstore signatures")
    .requiredOption("--output-prefix <prefix>", "write PREFIX.pub and PREFIX.private")
    .requiredOption("--passphrase-file <file>", "the passphrase of the private key is in this file")
    .addHelpText("after", generateExamples)
    .action(async (flags: KeyFlags) => {
      const { writeSigstoreKey } = await import("./generate-sigstore-key.ts");
      await writeSigstoreKey(flags);
    });
}

function dumpCommand(): Command {
  return new Command("untrusted-signature-dump-without-verification")
    .description("Print the content of a signature without verifying it")
    .argument("<signature>", "the file with the signature")
    .addHelpText("after", dumpExamples)
    .action(async (file: string) => {
      const { dumpSignature } = await import("./dump-signature.ts");
      await dumpSignature(file);
    });
}

const signExamples = `
The key is one of the user's gpg, whose agent asks for a passphrase.

Example:
  drayage standalone-sign -o app.signature manifest.json quay.io/team/app:1.0 FINGERPRINT
`;

const verifyExamples = `
Example:
  drayage standalone-verify --public-key-file team.gpg manifest.json quay.io/team/app:1.0 any app.signature
`;

const generateExamples = `
Existing files are not replaced. cosign and skopeo use the same format.

Example:
  drayage generate-sigstore-key --output-prefix team --passphrase-file passphrase.txt
`;

const dumpExamples = `
Anyone can write these values. Do not use them for decisions.

Example:
  drayage untrusted-signature-dump-without-verification app.signature
`;
