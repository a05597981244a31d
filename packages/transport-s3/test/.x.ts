import { destinationOf, sourceOf } from "./seeded-copies.ts"; destinationOf; sourceOf;
import "@aws-sdk/client-s3";
