import { isLoopback } from "@drayage/transport-kit/wire";

/** Where the registry of a domain answers: Docker Hub does under another name than its images have. */
export function registryHostOf(domain: string): string {
  return domain === "docker.io" ? "registry-1.docker.io" : domain;
}

/**
 * The origins at which a host may be found, the one to try first at the start. On this machine plain http is tried too,
 * unless `insecure` is false rather than undefined: then TLS was asked for.
 */
export function originsOf(host: string, insecure: boolean | undefined): readonly string[] {
  const [secure, plain] = [new URL(`https://${host}`), new URL(`http://${host}`)];
  if (insecure !== false && isLoopback(plain.hostname)) return [plain.origin, secure.origin];
  return insecure ? [secure.origin, plain.origin] : [secure.origin];
}
