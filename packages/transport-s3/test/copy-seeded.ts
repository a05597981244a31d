import { copyImage } from "@drayage/core";

import type { S3Settings } from "../src/index.ts";
import { destinationOf, sourceOf } from "./seeded-copies.ts";
import type { SeededCopy } from "./seeded-copies.ts";

/** Copies an image that follows from its seed: what is copied, the settings of the store, the destination. */
const [given = "", settings = "", to = ""] = process.argv.slice(2);

const copy = JSON.parse(given) as SeededCopy;
const destination = destinationOf(copy, JSON.parse(settings) as S3Settings, to);
await copyImage(await sourceOf(copy), destination, { instances: "all" });
