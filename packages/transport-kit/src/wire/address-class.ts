import { BlockList, isIP } from "node:net";

/**
 * The network that an address belongs to. `reserved` addresses are not those of one host: unspecified, multicast,
 * broadcast and unassigned addresses. The metadata services of clouds are `link-local` whatever their address.
 */
export type AddressClass = "reserved" | "loopback" | "link-local" | "private" | "public";

/** The class of an IPv4 or IPv6 address, also of an IPv4 address that is embedded in an IPv6 address. */
export function classOfAddress(address: string): AddressClass {
  const [bare = ""] = address.split("%", 1);
  const family = isIP(bare);
  if (family === 0) return "reserved";
  const listed = listedClassOf(bare, family);
  if (listed !== undefined) return listed;
  const embedded = family === 6 ? embeddedAddressOf(bare) : undefined;
  return embedded === undefined ? "public" : classOfAddress(embedded);
}

/**
 * The class of the host of a URL without name resolution: of an address, of `localhost` and of names below it (RFC 6761).
 * Undefined for other names.
 */
export function classOfHost(hostname: string): AddressClass | undefined {
  const name = hostname.replace(/^\[|\]$/g, "");
  if (isIP(name) !== 0) return classOfAddress(name);
  const labels = name.toLowerCase().split(".");
  if (labels.at(-1) === "") labels.pop();
  return labels.at(-1) === "localhost" ? "loopback" : undefined;
}

/** The class with the fewest rights to name other hosts. */
export function strictestClassOf(classes: readonly AddressClass[]): AddressClass {
  return byRights.find((each) => classes.includes(each)) ?? "public";
}

const byRights: readonly AddressClass[] = [
  "reserved",
  "public",
  "private",
  "link-local",
  "loopback",
];

const networks: readonly (readonly [AddressClass, readonly string[]])[] = [
  [
    "link-local",
    // The last four are metadata services: of Alibaba, Azure, Oracle and, by IPv6, AWS.
    [
      "169.254.0.0/16",
      "fe80::/10",
      "100.100.100.200/32",
      "168.63.129.16/32",
      "192.0.0.192/32",
      "fd00:ec2::254/128",
    ],
  ],
  ["loopback", ["127.0.0.0/8", "::1/128"]],
  [
    "private",
    [
      "10.0.0.0/8",
      "100.64.0.0/10",
      "172.16.0.0/12",
      "192.0.0.0/24",
      "192.168.0.0/16",
      "198.18.0.0/15",
      "fc00::/7",
      "fec0::/10",
    ],
  ],
  // Teredo (2001::/32) embeds an IPv4 address, but servers do not use it.
  ["reserved", ["0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8", "2001::/32"]],
];

const lists = networks.map(([addressClass, subnets]) => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", bits = ""] = subnet.split("/");
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? "ipv6" : "ipv4");
  }
  return [addressClass, list] as const;
});

function listedClassOf(address: string, family: number): AddressClass | undefined {
  const type = family === 6 ? "ipv6" : "ipv4";
  return lists.find(([, list]) => list.check(address, type))?.[0];
}

/** Prefixes in groups of 16 bits, and the group at which the IPv4 address starts. */
const embeddings: readonly (readonly [prefix: readonly number[], at: number])[] = [
  [[0, 0, 0, 0, 0, 0xffff], 6], // IPv4-mapped (RFC 4291)
  [[0, 0, 0, 0, 0xffff, 0], 6], // IPv4-translated (RFC 2765)
  [[0, 0, 0, 0, 0, 0], 6], // IPv4-compatible (RFC 4291)
  [[0x64, 0xff9b, 0, 0, 0, 0], 6], // NAT64 (RFC 6052)
  [[0x64, 0xff9b, 1], 6], // NAT64 of one network (RFC 8215)
  [[0x2002], 1], // 6to4 (RFC 3056)
];

function embeddedAddressOf(address: string): string | undefined {
  const groups = groupsOf(address);
  const found = embeddings.find(([prefix]) => prefix.every((group, at) => groups[at] === group));
  if (found === undefined) return undefined;
  const [high = 0, low = 0] = groups.slice(found[1]);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The eight groups of an IPv6 address in any spelling that `isIP` accepts. */
function groupsOf(address: string): readonly number[] {
  const hexadecimal = address.replace(/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/, (dotted) => {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before = "", after] = hexadecimal.split("::");
  const first = parseGroups(before);
  if (after === undefined) return first;
  const last = parseGroups(after);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

function parseGroups(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
