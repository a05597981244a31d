import { plainJSON } from "../../process/json-text.ts";
import { writeResult } from "../../process/standard-streams.ts";
import { readFileArgument } from "./signing-files.ts";

/** `drayage untrusted-signature-dump-without-verification`, with the field names of skopeo. */
export async function dumpSignature(file: string): Promise<void> {
  const { readUnverified } = await import("@drayage/signature");
  const { claim, keyID } = readUnverified(await readFileArgument(file));
  const { manifestDigest, dockerReference, creator = null, timestamp } = claim;
  const time = timestamp === undefined ? null : new Date(timestamp * 1000).toISOString();
  const content = {
    UntrustedDockerManifestDigest: manifestDigest,
    UntrustedDockerReference: dockerReference,
    UntrustedCreatorID: creator,
    UntrustedTimestamp: time?.replace(".000Z", "Z") ?? null,
    UntrustedShortKeyIdentifier: keyID,
  };
  await writeResult(`${plainJSON(content, 4)}\n`);
}
