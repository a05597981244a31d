import { BlockList, isIP } from "node:net";

import { ImageError } from "@drayage/core";
import type { SystemContext } from "@drayage/core";

/** Finds the proxy for a URL; undefined for none. @throws ImageError `unsupported` for a proxy that is not a URL */
export type FindProxy = (url: URL) => URL | undefined;

/**
 * The proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY in upper or lower case, with the rules of Go programs. Requests to
 * this machine use no proxy.
 */
export function environmentProxies(system: SystemContext = {}): FindProxy {
  const environment = system.environment ?? process.env;
  const valueOf = (name: string): string =>
    environment[name] || environment[name.toLowerCase()] || "";
  const isDirect = exceptionsIn(valueOf("NO_PROXY"));
  return (url) => {
    const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
    const value = valueOf(name).trim();
    return value === "" || isLoopback(url.hostname) || isDirect(url)
      ? undefined
      : parseProxy(name, value);
  };
}

/** True for `localhost`, 127.0.0.0/8 and `[::1]`: requests to these stay on this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/** The value may contain a password, so messages do not include it. */
function parseProxy(name: string, value: string): URL {
  const url = URL.parse(/^[a-z0-9+.-]+:\/\//i.test(value) ? value : `http://${value}`);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new ImageError(
    "unsupported",
    `The environment variable ${name} must be the URL of an HTTP proxy, such as http://proxy.example.com:3128`,
  );
}

/**
 * Entries: `example.com` with its subdomains, `.example.com` for its subdomains only, addresses, `10.0.0.0/8`, each
 * with or without a port, and `*`.
 */
function exceptionsIn(value: string): (url: URL) => boolean {
  const rules = value.split(",").flatMap((entry) => {
    const text = entry.trim().toLowerCase();
    return text === "" ? [] : [ruleOf(text)];
  });
  return (url) => {
    const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return rules.some((matches) => matches(host, port));
  };
}

type Rule = (host: string, port: string) => boolean;

function ruleOf(text: string): Rule {
  if (text === "*") return () => true;
  const network = networkOf(text);
  if (network !== undefined) return network;
  const [, bracketed, plain = "", wanted] =
    /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(isIP(text) === 6 ? `[${text}]` : text) ?? [];
  const name = bracketed ?? plain.replace(/^\*(?=\.)/, "");
  const matches = isIP(name) !== 0 ? addressRule(name) : (host: string) => isBelow(host, name);
  return (host, port) => (wanted === undefined || wanted === port) && matches(host);
}

function isBelow(host: string, name: string): boolean {
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function addressRule(address: string): (host: string) => boolean {
  const list = new BlockList();
  list.addAddress(address, familyOf(address));
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host));
}

function networkOf(text: string): Rule | undefined {
  const [, address = "", bits] = /^(.*)\/(\d+)$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), familyOf(address));
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
