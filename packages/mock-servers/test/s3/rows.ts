import { checksumRows } from "./checksum-rows.ts";
import { conditionRows } from "./condition-rows.ts";
import { copyRows } from "./copy-rows.ts";
import { listRows } from "./list-rows.ts";
import { multipartRows } from "./multipart-rows.ts";
import { objectRows } from "./object-rows.ts";
import type { Row } from "./row.ts";
import { signatureRows } from "./signature-rows.ts";

/** The behaviour of every S3, and how Ceph differs. */
export const rows: readonly Row[] = [
  ...objectRows,
  ...conditionRows,
  ...multipartRows,
  ...copyRows,
  ...listRows,
  ...checksumRows,
  ...signatureRows,
];
