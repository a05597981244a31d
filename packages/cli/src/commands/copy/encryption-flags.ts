import { readFileSync } from "node:fs";

import { ImageError, isImageError } from "@drayage/core";
import type { CopyOptions } from "@drayage/core";
import type * as encryptionModule from "@drayage/encryption";
import type { DecryptionKey, Recipient } from "@drayage/encryption";

import { UsageError } from "../../flags/usage-error.ts";
import type { CopyFlags } from "./copy-flags.ts";

type Encryption = typeof encryptionModule;

/** Converts the flags for encryption and decryption. Loads the code for it only if there are any. @throws UsageError, ImageError */
export async function encryptionOptionsOf(
  flags: Pick<CopyFlags, "encryptionKey" | "decryptionKey" | "encryptLayer">,
): Promise<Pick<CopyOptions, "encryption" | "decryption">> {
  const { encryptionKey: recipients = [], decryptionKey: keys = [], encryptLayer: layers } = flags;
  if (recipients.length > 0 && keys.length > 0)
    throw new UsageError(
      "--encryption-key and --decryption-key cannot be used together; decrypt to a local image first, then encrypt that",
    );
  if (layers !== undefined && recipients.length === 0)
    throw new UsageError("--encrypt-layer requires --encryption-key, such as jwe:public.pem");
  if (recipients.length === 0 && keys.length === 0) return {};
  const encryption = await import("@drayage/encryption");
  return recipients.length > 0
    ? { encryption: { encrypter: encrypterOf(recipients, encryption), layers } }
    : { decryption: decrypterOf(keys, encryption) };
}

function encrypterOf(
  texts: readonly string[],
  { layerEncrypter }: Encryption,
): ReturnType<Encryption["layerEncrypter"]> {
  const recipients = texts.map((text) => {
    const { recipient, file } = recipientOf(text);
    withFileName(file, () => layerEncrypter({ recipients: [recipient] }));
    return recipient;
  });
  return layerEncrypter({ recipients });
}

/** `jwe:FILE` or `pkcs7:FILE`. */
function recipientOf(text: string): { readonly recipient: Recipient; readonly file: string } {
  const [scheme, file] = splitAtColon(text);
  switch (scheme) {
    case "jwe":
      return { recipient: { scheme, publicKey: contentOf(file) }, file: file ?? "" };
    case "pkcs7":
      return { recipient: { scheme, certificate: contentOf(file) }, file: file ?? "" };
    case "pgp":
    case "pkcs11":
    case "provider":
      throw new UsageError(
        `--encryption-key ${scheme}: is not supported; use jwe:FILE with a public key, pkcs7:FILE with a certificate, or skopeo`,
      );
    default:
      throw new UsageError(
        "--encryption-key must be jwe:FILE with a public key or pkcs7:FILE with a certificate",
      );
  }
}

function decrypterOf(
  texts: readonly string[],
  { layerDecrypter }: Encryption,
): ReturnType<Encryption["layerDecrypter"]> {
  const keys = texts.map((text): DecryptionKey => {
    const [file, secret] = splitAtColon(text);
    const key = { privateKey: contentOf(file), passphrase: secret && passphraseOf(secret) };
    withFileName(file, () => layerDecrypter({ keys: [key] }));
    return key;
  });
  return layerDecrypter({ keys });
}

/** `pass=TEXT`, `file=FILE`, `fd=NUMBER` or the passphrase itself. Of a file, one line break at the end is omitted. */
function passphraseOf(secret: string): string {
  const [kind, value = ""] = splitAt("=", secret);
  switch (kind) {
    case "pass":
      return value;
    case "file":
      return withoutLineBreak(contentOf(value).toString());
    case "fd":
      return withoutLineBreak(contentOf(descriptorOf(value)).toString());
    default:
      return secret;
  }
}

function descriptorOf(text: string): number {
  const descriptor = Number(text);
  if (text !== "" && Number.isInteger(descriptor) && descriptor >= 0) return descriptor;
  throw new UsageError("fd= in --decryption-key must be the number of an open file, such as fd=3");
}

function withoutLineBreak(text: string): string {
  const line = text.endsWith("\n") ? text.slice(0, -1) : text;
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function contentOf(file: string | number | undefined): Buffer {
  if (file === undefined || file === "") throw new UsageError("A key has no file; add its path");
  try {
    return readFileSync(file);
  } catch (cause) {
    const name = typeof file === "number" ? `file descriptor ${file}` : file;
    throw new UsageError(`${name} cannot be read: ${(cause as NodeJS.ErrnoException).code}`);
  }
}

/** Adds the name of the file to errors about its content. */
function withFileName(file: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw new ImageError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

function splitAtColon(text: string): readonly [string, string | undefined] {
  return splitAt(":", text);
}

function splitAt(separator: string, text: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
