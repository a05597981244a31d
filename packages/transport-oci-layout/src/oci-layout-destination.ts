import { readdir } from "node:fs/promises";

import { ImageError, imageName } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { LayoutDestination, nameToWrite } from "@drayage/image-layout";
import { hasCode, isPassing, onDisk } from "@drayage/transport-kit/files";

import { DiskLayout } from "./disk-layout.ts";
import type { LayoutReference } from "./layout-reference.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";

/** Writes nothing yet. @throws ImageError `conflict` where the folder holds something else; `invalid-reference` for `@N` */
export async function openOCILayoutDestination(
  reference: LayoutReference,
  { sharedBlobDir, layers }: OCILayoutSettings,
  options: OperationOptions = {},
): Promise<LayoutDestination> {
  options.signal?.throwIfAborted();
  const name = nameToWrite(reference.selector);
  await refuseOtherContent(reference);
  const layout = new DiskLayout(reference.folder, sharedBlobDir);
  return LayoutDestination.open(reference, layout, { name, layers }, options);
}

/** What a killed first copy may leave, blobs and nothing else, is taken for a layout. */
async function refuseOtherContent(reference: LayoutReference): Promise<void> {
  const names = await namesIn(reference);
  const isLayout = names.includes("oci-layout") || names.includes("index.json");
  const foreign = names.find((name) => !isPassing(name) && name !== "blobs");
  if (isLayout || foreign === undefined) return;
  throw new ImageError(
    "conflict",
    `${reference.folder} is not an OCI image layout and not empty: it has ${foreign}; nothing was changed, choose another folder`,
    { reference: imageName(reference) },
  );
}

async function namesIn(reference: LayoutReference): Promise<readonly string[]> {
  const { folder } = reference;
  try {
    return await onDisk(folder, () => readdir(folder));
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return [];
    if (!hasCode(cause, "ENOTDIR")) throw cause;
    const options = { cause, reference: imageName(reference) };
    throw new ImageError("conflict", `${folder} is a file: an image layout is a folder`, options);
  }
}
