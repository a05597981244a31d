import { ImageError } from "@drayage/core";
import { readNamedFile, withFileErrors } from "@drayage/transport-kit/files";

/** Bytes. Signatures, keys and manifests are smaller. */
const maxSize = 8 << 20;

/** Reads a file that the user names. @throws ImageError if it is missing or too large */
export async function readFileArgument(file: string, signal?: AbortSignal): Promise<Uint8Array> {
  return withFileErrors(file, async () => readNamedFile(file, { limit: maxSize, signal }));
}

/** Reads a passphrase: the first line of a file, like skopeo. */
export async function readPassphrase(file: string, signal?: AbortSignal): Promise<string> {
  const text = Buffer.from(await readFileArgument(file, signal)).toString();
  const [line = ""] = text.split(/\r?\n/);
  if (line !== "") return line;
  throw new ImageError("denied", `The first line of ${file} is empty; write the passphrase there`);
}
