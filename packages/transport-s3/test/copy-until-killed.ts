import { copyImage } from "@drayage/core";

import type { S3Settings } from "../src/index.ts";
import { destinationOf, sourceOf } from "./killed-copies.ts";
import type { KilledCopy } from "./killed-copies.ts";

const [copy = "", settings = "", to = ""] = process.argv.slice(2);

const killed = JSON.parse(copy) as KilledCopy;
const destination = destinationOf(killed, JSON.parse(settings) as S3Settings, to);
await copyImage(await sourceOf(killed), destination, { instances: "all" });
