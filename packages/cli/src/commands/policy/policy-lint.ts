import { printable } from "@drayage/core/text";

import { loadPolicy } from "../../images/policy-file.ts";
import { writeResult } from "../../process/standard-streams.ts";

/** `drayage policy lint` */
export async function lintPolicy(file: string, signal: AbortSignal): Promise<void> {
  await loadPolicy({ policy: file }, {}, { signal });
  await writeResult(`${printable(file)} is valid\n`);
}
