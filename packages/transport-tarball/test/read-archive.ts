import { verified } from "@drayage/core/content";
import { parseManifest } from "@drayage/core/manifest";

import { dockerArchive } from "../src/index.ts";

/** Reads an image of a docker archive completely, and reports its peak memory in bytes. */
const [, , archive = ""] = process.argv;
await using source = await dockerArchive().parseReference(archive).newImageSource();
const manifest = parseManifest(await source.getManifest());
for (const layer of manifest.kind === "image" ? manifest.layers : [])
  for await (const _ of verified(source.getBlob(layer), layer));
process.send?.(process.resourceUsage().maxRSS * 1024);
