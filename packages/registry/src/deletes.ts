import { Refusal } from "./http/refusal.ts";
import type { RegistrySettings } from "./registry-settings.ts";

/** OCI distribution-spec, "Content Management". @throws Refusal with status 405 for what this registry does not delete */
export function checkDeletes({ deletes = true }: RegistrySettings, target: string): void {
  if (deletes === true || (deletes === "by-digest" && target.includes(":"))) return;
  const message = deletes ? "Tags are not deleted: name a digest" : "Nothing is deleted here";
  throw new Refusal("UNSUPPORTED", message, { status: 405 });
}
