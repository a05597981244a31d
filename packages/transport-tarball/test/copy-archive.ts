import { copyImage } from "@drayage/core";

import { dockerArchive } from "../src/index.ts";

/** Copies a docker archive; its arguments are the source and destination paths. */
const [, , from = "", to = ""] = process.argv;
await copyImage(dockerArchive().parseReference(from), dockerArchive().parseReference(to));
