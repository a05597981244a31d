import { Command, Option } from "commander";

import { parseVariants } from "../../flags/compression-values.ts";
import { parseDigestAlgorithm } from "../../flags/digest-algorithm.ts";
import { listedByCommas, listedIntegers, parseBound, parseSize } from "../../flags/flag-values.ts";
import { addRetryFlags } from "../../flags/retry-flags.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { CopyFlags } from "./copy-flags.ts";

export function copyCommand(signal: AbortSignal): Command {
  const command = new Command("copy")
    .description("Copy an image, or an index with its images, between transports")
    .argument("<source>", "the image to copy")
    .argument("<destination...>", "the location and name of the copy, or of several copies")
    .optionsGroup("Which images:")
    .option("-a, --all", "copy the index and every image in it")
    .option(
      "--multi-arch <which>",
      "system, all, index-only, or a list such as linux/amd64,linux/arm64",
    )
    .option(
      "--platform <os/arch>",
      "copy the image for this platform; several: an index of them",
      listedByCommas,
    )
    .option("--strip-removed-platforms", "remove other platforms from the index (the default)")
    .option("--keep-removed-platforms", "copy the index unchanged, with other platforms missing")
    .optionsGroup("Changes to the images:")
    .option("--preserve-digests", "fail instead of changing any manifest")
    .option("-f, --format <type>", "manifest type at the destination: oci, v2s2 or v2s1")
    .option(
      "--add-compression <format>",
      "add instances to an index that lacks them: zstd, zstd:19 or gzip:9; or several",
      parseVariants,
    )
    .option("--remove-signatures", "do not copy signatures")
    .option(
      "--digest-algorithm <name>",
      "sha256, sha384 or sha512 for the digests of new blobs and changed manifests",
      parseDigestAlgorithm,
    )
    .option(
      "--conversion-ledger",
      "if the digest changes, store a referrer with the old and the new digests and the reasons",
    )
    .option(
      "--encryption-key <key>",
      "encrypt layers for this key: jwe:FILE or pkcs7:FILE; repeatable",
      listedByCommas,
    )
    .option(
      "--encrypt-layer <n>",
      "encrypt only this layer, counted from 0 or from -1 for the last; repeatable",
      listedIntegers,
    )
    .option(
      "--decryption-key <key>",
      "decrypt layers: FILE[:pass=TEXT|:file=FILE|:fd=N]; repeatable",
      listedByCommas,
    )
    .option("--referrers", "also copy referrers: signatures, SBOMs, attestations")
    .option(
      "--referrer-type <type>",
      "copy only referrers of this type, or of several types",
      listedByCommas,
    )
    .optionsGroup("How:")
    .option("--repair", "verify every blob at the destination, and replace missing or corrupt ones")
    .option("--dry-run", "print the plan without copying")
    .option("--json", "with --dry-run: print the plan as JSON")
    .option("--digestfile <file>", "write the digest of the copy to this file")
    .option("--image-parallel-copies <n>", "maximum number of blobs to copy at once", parseBound)
    .option("--max-layer-size <size>", "maximum size of a decompressed layer", parseSize)
    .option("--authfile <file>", "credentials file for both sides")
    .option("--no-cache", "do not use the cache of layers and the upload journal")
    .option("-q, --quiet", "print errors only")
    .addOption(
      new Option("--progress <kind>", "how to report progress; json: events on standard output")
        .choices(["auto", "bar", "plain", "json", "none"])
        .default("auto"),
    );
  addRetryFlags(command);
  addSideFlags(command, "src-", "The source:");
  addSideFlags(command, "dest-", "The destination:");
  return command
    .addHelpText("after", examples)
    .action(
      async (source: string, destinations: readonly string[], _: CopyFlags, self: Command) => {
        const { copy } = await import("./copy.ts");
        await copy(source, destinations, self.optsWithGlobals<CopyFlags>(), signal);
      },
    );
}

const examples = `
Examples:
  drayage copy docker://alpine:3.20 dir:alpine
  drayage copy --platform linux/amd64 --platform linux/arm64 docker://alpine oci:images:alpine
  drayage copy docker://alpine:3.20 oci:images:alpine docker-archive:alpine.tar
  drayage copy --all --dest-creds me:secret oci:images:alpine docker://registry.example.com/alpine
`;
