import { isLoopback } from "@drayage/transport-kit/wire";

/** The host of the registry for a domain in references. Docker Hub has another host than its domain. */
export function registryHostOf(domain: string): string {
  return domain === "docker.io" ? "registry-1.docker.io" : domain;
}

/**
 * The possible origins of a host, in the order of attempts. Plain http is tried for a registry on this machine unless
 * `insecure` is false, and for others if it is true.
 */
export function originsOf(host: string, insecure: boolean | undefined): readonly string[] {
  const [secure, plain] = [new URL(`https://${host}`), new URL(`http://${host}`)];
  if (insecure !== false && isLoopback(plain.hostname)) return [plain.origin, secure.origin];
  return insecure ? [secure.origin, plain.origin] : [secure.origin];
}
