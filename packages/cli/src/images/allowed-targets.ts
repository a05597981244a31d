/**
 * Converts `DRAYAGE_ALLOW_PRIVATE_TARGETS` to the setting `allowPrivateTargets`: `all`, or hosts separated by commas.
 */
export function allowedTargets(
  value: string | undefined = process.env["DRAYAGE_ALLOW_PRIVATE_TARGETS"],
): { readonly allowPrivateTargets?: boolean | readonly string[] } {
  const entries = (value ?? "").split(",").map((entry) => entry.trim().toLowerCase());
  const hosts = entries.filter((entry) => entry !== "");
  if (hosts.length === 0) return {};
  return { allowPrivateTargets: hosts.includes("all") ? true : hosts };
}
