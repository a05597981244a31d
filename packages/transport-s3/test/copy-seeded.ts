import { copyImage } from "@drayage/core";

import type { S3Settings } from "../src/index.ts";
import { destinationOf, sourceOf } from "./seeded-copies.ts";
import type { SeededCopy } from "./seeded-copies.ts";

/** Copies a seeded image. Arguments: the copy and the settings of the store as JSON, and the destination. */
const [copyText = "", settings = "", to = ""] = process.argv.slice(2);

const copy = JSON.parse(copyText) as SeededCopy;
const destination = destinationOf(copy, JSON.parse(settings) as S3Settings, to);
await copyImage(await sourceOf(copy), destination, { instances: "all" });
