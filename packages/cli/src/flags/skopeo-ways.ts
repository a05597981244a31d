/** What to do instead of a command that skopeo has and this does not; undefined for what skopeo does not have either. */
export function insteadOfCommand(name: string): string | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** The same for a flag of a command, as it was written: `--sign-by`. */
export function insteadOfFlag(flag: string, command: string | undefined): string | undefined {
  const name = flag.replace(/^--/, "");
  if (command === "copy" && sideFlags.has(name))
    return `a copy has two sides: write --src-${name} or --dest-${name}`;
  return Object.hasOwn(flags, flag) ? flags[flag] : undefined;
}

const signing = "images are not signed here; sign the copy with skopeo or cosign";
const encryption = "layers are not encrypted or decrypted here; use skopeo for these images";

const commands: Readonly<Record<string, string>> = {
  sync: "copy one image after another with drayage copy; drayage list-tags lists those of a repository",
  "standalone-sign": signing,
  "standalone-verify": "signatures are not checked here; use skopeo or cosign",
  layers: "copy the image into a folder with drayage copy IMAGE dir:FOLDER",
  "generate-sigstore-key": "make a key pair with cosign generate-key-pair",
  "experimental-image-proxy": "programs read images with the package @drayage/core",
  "untrusted-signature-dump-without-verification": "show signatures with skopeo",
  completion: "there is no completion for shells",
};

/** Flags that commands with one image have. */
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
  "--encryption-key": encryption,
  "--decryption-key": encryption,
  "--encrypt-layer": encryption,
  "--dest-compress-level": "layers are packed at one level; leave it out",
  "--dest-force-compress-format":
    "leave it out: --dest-compress-format packs all layers so, whatever they were packed with",
  "--dest-precompute-digests": "leave it out: what copies learnt of layers is kept in a cache",
  "--screds": "write --src-creds",
  "--dcreds": "write --dest-creds",
  "--additional-tags": "write --additional-tag",
  "--tmpdir": "set the variable TMPDIR",
  "--user-agent-prefix": "leave it out",
  "--tls-verify": "leave it out: no registry is asked there",
  "--tls-details": "leave it out: only TLS 1.2 and later is spoken",
  "--require-signed": "signatures are not checked here; --require-policy wants a policy file",
  "--manifest-digest": "print it with --format {{.Digest}}",
  "--append-suffix": "it belongs to sync; write the names of the copies yourself",
  "--keep-going": "it belongs to sync; copy one image after another",
  "--scoped": "it belongs to sync; write the names of the copies yourself",
  "--sockfd": "it belongs to experimental-image-proxy",
  "--src": "it belongs to sync; write the transport before the image: docker://NAME",
  "--dest": "it belongs to sync; write the transport before the image: dir:FOLDER",
};
