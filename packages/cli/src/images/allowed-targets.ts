/**
 * What `DRAYAGE_ALLOW_PRIVATE_TARGETS` allows registries to lead to, as the setting `allowPrivateTargets`: `all`, or hosts
 * with commas between them.
 */
export function allowedTargets(
  value: string | undefined = process.env["DRAYAGE_ALLOW_PRIVATE_TARGETS"],
): { readonly allowPrivateTargets?: boolean | readonly string[] } {
  const entries = (value ?? "").split(",").map((entry) => entry.trim().toLowerCase());
  const hosts = entries.filter((entry) => entry !== "");
  if (hosts.length === 0) return {};
  return { allowPrivateTargets: hosts.includes("all") ? true : hosts };
}
