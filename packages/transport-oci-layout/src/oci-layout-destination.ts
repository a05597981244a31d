import { readdir } from "node:fs/promises";

import { ImageError, imageName } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { LayoutDestination, nameToWrite } from "@drayage/image-layout";
import { hasCode, isTemporaryName, withFileErrors } from "@drayage/transport-kit/files";

import { DiskLayout } from "./disk-layout.ts";
import type { LayoutReference } from "./layout-reference.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";

/** Opens a layout for writing; writes nothing yet. @throws ImageError `conflict` if the folder has other content; `invalid-reference` for `@N` */
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

/** Accepts a folder with nothing but `blobs`, which a killed first copy may leave. */
async function refuseOtherContent(reference: LayoutReference): Promise<void> {
  const names = await namesIn(reference);
  const isLayout = names.includes("oci-layout") || names.includes("index.json");
  const foreign = names.find((name) => !isTemporaryName(name) && name !== "blobs");
  if (isLayout || foreign === undefined) return;
  throw new ImageError(
    "conflict",
    `${reference.folder} is neither empty nor an OCI image layout: it contains ${foreign}. Nothing was changed; choose another folder`,
    { reference: imageName(reference) },
  );
}

async function namesIn(reference: LayoutReference): Promise<readonly string[]> {
  const { folder } = reference;
  try {
    return await withFileErrors(folder, () => readdir(folder));
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return [];
    if (!hasCode(cause, "ENOTDIR")) throw cause;
    const options = { cause, reference: imageName(reference) };
    throw new ImageError(
      "conflict",
      `${folder} is a file, and an OCI image layout is a folder; choose another path`,
      options,
    );
  }
}
