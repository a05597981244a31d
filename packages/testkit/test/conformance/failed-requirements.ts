import { conformance } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

/** The ids of the requirements that the transport breaks, among those that are run. */
export async function failedRequirements(
  subject: TransportUnderTest,
  isRun: (id: string) => boolean = () => true,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of await conformance(subject)) {
    const id = name.slice(0, name.indexOf(":"));
    if (!isRun(id)) continue;
    const isBroken = await run().then(
      () => false,
      () => true,
    );
    if (isBroken) failed.push(id);
  }
  return failed;
}
