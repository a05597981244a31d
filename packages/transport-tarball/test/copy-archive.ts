import { copyImage } from "@drayage/core";

import { dockerArchive } from "../src/index.ts";

/** Copies a docker archive from one place to another, both as its arguments name them. */
const [, , from = "", to = ""] = process.argv;
await copyImage(dockerArchive().parseReference(from), dockerArchive().parseReference(to));
