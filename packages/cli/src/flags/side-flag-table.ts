import { parseBound, parseCompression, parseSize } from "./flag-values.ts";

/** How to reach one image, as the flags say. */
export interface SideFlags {
  readonly creds?: string;
  readonly username?: string;
  readonly password?: string;
  readonly noCreds?: true;
  readonly registryToken?: string;
  readonly authfile?: string;
  readonly tlsVerify?: boolean;
  readonly certDir?: string;
  readonly daemonHost?: string;
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly s3PathStyle?: true;
  readonly sharedBlobDir?: string;
  readonly compress?: true;
  readonly decompress?: true;
  readonly compressFormat?: "gzip" | "zstd";
  readonly ociAcceptUncompressedLayers?: true;
  readonly parallelRanges?: number;
  /** Bytes. */
  readonly chunkSize?: number;
  readonly append?: true;
  readonly additionalTag?: readonly string[];
  readonly platform?: string;
  readonly created?: string;
  readonly entrypoint?: string;
  readonly cmd?: string;
  readonly env?: readonly string[];
  readonly label?: readonly string[];
}

export type SideFlag = keyof SideFlags;

/** How a flag of a side is written. */
interface WrittenFlag {
  readonly flag: string;
  readonly help: string;
  readonly parse?: (text: string) => unknown;
  /** Whether it may be given several times; `commas` also once with commas between the values. */
  readonly isListed?: true | "commas";
  /** The one side of a copy that it is for. */
  readonly only?: "src-" | "dest-";
  /** Whether it is written without the prefix of its side. */
  readonly isBare?: true;
}

/** The flags in the order of the help. */
export const sideFlagTable: Readonly<Record<SideFlag, WrittenFlag>> = {
  creds: { flag: "creds <user:password>", help: "log in to the registry as this user" },
  username: { flag: "username <name>", help: "log in to the registry as this user" },
  password: { flag: "password <password>", help: "the password of the user" },
  noCreds: { flag: "no-creds", help: "do not log in to the registry; ask for buckets unsigned" },
  registryToken: { flag: "registry-token <token>", help: "show the registry this bearer token" },
  authfile: { flag: "authfile <file>", help: "look up credentials in this file" },
  tlsVerify: { flag: "tls-verify [bool]", help: "=false to allow plain HTTP and any certificate" },
  certDir: { flag: "cert-dir <folder>", help: "authorities *.crt, and our *.cert with *.key" },
  daemonHost: { flag: "daemon-host <address>", help: "where the container engine listens" },
  s3Endpoint: { flag: "s3-endpoint <url>", help: "where the buckets are, unless at AWS" },
  s3Region: { flag: "s3-region <name>", help: "the region of the buckets" },
  s3PathStyle: { flag: "s3-path-style", help: "write buckets into the path, not into the host" },
  sharedBlobDir: { flag: "shared-blob-dir <folder>", help: "where OCI layouts share their blobs" },
  compress: { flag: "compress", help: "pack layers that are not packed", only: "dest-" },
  decompress: { flag: "decompress", help: "unpack layers", only: "dest-" },
  compressFormat: {
    flag: "compress-format <format>",
    help: "pack layers with gzip or zstd, also those packed otherwise",
    parse: parseCompression,
    only: "dest-",
  },
  ociAcceptUncompressedLayers: {
    flag: "oci-accept-uncompressed-layers",
    help: "keep layers of archives and engines as they are",
    only: "dest-",
  },
  parallelRanges: {
    flag: "parallel-ranges <n>",
    help: "read a large blob in so many ranges at once",
    parse: parseBound,
    only: "src-",
  },
  chunkSize: {
    flag: "chunk-size <size>",
    help: "send at most so much of a blob at once: 64MiB",
    parse: parseSize,
    only: "dest-",
  },
  append: { flag: "append", help: "add to an archive that is there", only: "dest-" },
  additionalTag: {
    flag: "additional-tag <name:tag>",
    help: "one more name in a docker archive, or several",
    isListed: "commas",
    only: "dest-",
    isBare: true,
  },
  platform: {
    flag: "platform <os/arch>",
    help: "of an image made of tar files: what it runs on",
    only: "src-",
  },
  created: { flag: "created <time>", help: "… when it was made", only: "src-" },
  entrypoint: {
    flag: "entrypoint <words>",
    help: "… the program: a word, or a JSON list of words",
    only: "src-",
  },
  cmd: { flag: "cmd <words>", help: "… what the program is given by default", only: "src-" },
  env: {
    flag: "env <name=value>",
    help: "… an environment variable, or several",
    isListed: true,
    only: "src-",
  },
  label: {
    flag: "label <name=value>",
    help: "… a label, or several",
    isListed: true,
    only: "src-",
  },
};
