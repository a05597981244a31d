/** The alternative to a skopeo command that drayage does not have. undefined if skopeo does not have it either. */
export function alternativeToCommand(name: string): string | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** The alternative to a skopeo flag such as `--sign-by`. */
export function alternativeToFlag(flag: string, command: string | undefined): string | undefined {
  const name = flag.replace(/^--/, "");
  if (command === "copy" && sideFlags.has(name))
    return `a copy has two sides; use --src-${name} or --dest-${name}`;
  return Object.hasOwn(flags, flag) ? flags[flag] : undefined;
}

const signing = "drayage does not sign images; sign the copy with skopeo or cosign";

const commands: Readonly<Record<string, string>> = {
  sync: "copy images one by one with drayage copy; drayage list-tags lists the tags of a repository",
  layers: "copy the image to a folder with drayage copy IMAGE dir:FOLDER",
  "experimental-image-proxy": "read images with the package @drayage/core",
  completion: "shell completion is not supported; use --help",
};

/** Flags of commands with one image. */
const sideFlags: ReadonlySet<string> = new Set([
  "creds",
  "username",
  "password",
  "no-creds",
  "registry-token",
  "tls-verify",
  "cert-dir",
  "daemon-host",
  "shared-blob-dir",
]);

const flags: Readonly<Record<string, string>> = {
  "--sign-by": signing,
  "--sign-by-sigstore": signing,
  "--sign-by-sigstore-private-key": signing,
  "--sign-by-sq-fingerprint": signing,
  "--sign-identity": signing,
  "--sign-passphrase-file": signing,
  "--passphrase-file": signing,
  "--dest-precompute-digests": "remove the flag; digests of layers are cached",
  "--screds": "use --src-creds",
  "--dcreds": "use --dest-creds",
  "--additional-tags": "use --additional-tag",
  "--tmpdir": "set the variable TMPDIR",
  "--user-agent-prefix": "remove the flag",
  "--tls-verify": "remove the flag; the command does not connect to a registry",
  "--tls-details": "remove the flag; TLS 1.2 is the minimum",
  "--require-signed":
    "use --policy with a file that requires signatures; --require-policy requires such a file",
  "--manifest-digest": "use --format {{.Digest}}",
  "--append-suffix": "it is a flag of sync; write the names of the copies yourself",
  "--keep-going": "it is a flag of sync; copy images one by one",
  "--scoped": "it is a flag of sync; write the names of the copies yourself",
  "--sockfd": "it is a flag of experimental-image-proxy; use the package @drayage/core",
  "--src": "it is a flag of sync; write the transport in front of the image: docker://NAME",
  "--dest": "it is a flag of sync; write the transport in front of the image: dir:FOLDER",
};
