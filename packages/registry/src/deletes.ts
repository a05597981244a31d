import { ErrorResponse } from "./http/error-response.ts";
import type { RegistrySettings } from "./registry-settings.ts";

/**
 * OCI distribution-spec, "Content Management". @throws ErrorResponse with status 405 for deletes that the settings
 * disable
 */
export function checkDeletes({ deletes = true }: RegistrySettings, target: string): void {
  if (deletes === true || (deletes === "by-digest" && target.includes(":"))) return;
  const message = deletes ? "Deleting tags is disabled; use a digest" : "Deleting is disabled";
  throw new ErrorResponse("UNSUPPORTED", message, { status: 405 });
}
