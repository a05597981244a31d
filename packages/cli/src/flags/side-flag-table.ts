import { parseCompression, parseFrames } from "./compression-values.ts";
import { parseBound, parseSize } from "./flag-values.ts";

/** The connection flags of one image. */
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
  readonly compressFormat?: string;
  readonly compressLevel?: number;
  readonly forceCompressFormat?: true;
  readonly zstdFrames?: "one" | "parallel";
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

/** The syntax of a side flag. */
interface WrittenFlag {
  readonly flag: string;
  readonly help: string;
  readonly parse?: (text: string) => unknown;
  /** Whether it may be repeated; `commas` also allows several values separated by commas. */
  readonly isListed?: true | "commas";
  /** The only side of a copy that has it. */
  readonly only?: "src-" | "dest-";
  /** Whether it has no side prefix. */
  readonly isBare?: true;
}

/** In the order of the help. */
export const sideFlagTable: Readonly<Record<SideFlag, WrittenFlag>> = {
  creds: { flag: "creds <user:password>", help: "log in to the registry as this user" },
  username: { flag: "username <name>", help: "log in to the registry as this user" },
  password: { flag: "password <password>", help: "the password of the user" },
  noCreds: {
    flag: "no-creds",
    help: "do not log in to the registry; send unsigned requests to buckets",
  },
  registryToken: {
    flag: "registry-token <token>",
    help: "the bearer token to send to the registry",
  },
  authfile: { flag: "authfile <file>", help: "the credentials file" },
  tlsVerify: { flag: "tls-verify [bool]", help: "=false to allow plain HTTP and any certificate" },
  certDir: { flag: "cert-dir <folder>", help: "folder with CA *.crt, and client *.cert and *.key" },
  daemonHost: { flag: "daemon-host <address>", help: "the address of the container engine" },
  s3Endpoint: { flag: "s3-endpoint <url>", help: "the endpoint of the buckets, if not AWS" },
  s3Region: { flag: "s3-region <name>", help: "the region of the buckets" },
  s3PathStyle: { flag: "s3-path-style", help: "use path-style instead of virtual-hosted URLs" },
  sharedBlobDir: {
    flag: "shared-blob-dir <folder>",
    help: "the folder with shared blobs of OCI layouts",
  },
  compress: { flag: "compress", help: "compress uncompressed layers", only: "dest-" },
  decompress: { flag: "decompress", help: "decompress layers", only: "dest-" },
  compressFormat: {
    flag: "compress-format <format>",
    help: "recompress layers: gzip, zstd, zstd:chunked; none decompresses them",
    parse: parseCompression,
    only: "dest-",
  },
  compressLevel: {
    flag: "compress-level <n>",
    help: "compression level: 1 to 9 for gzip, 1 to 20 for zstd",
    parse: parseBound,
    only: "dest-",
  },
  forceCompressFormat: {
    flag: "force-compress-format",
    help: "recompress also layers that the destination has",
    only: "dest-",
  },
  zstdFrames: {
    flag: "zstd-frames <frames>",
    help: "one (default), or parallel: faster for one large layer",
    parse: parseFrames,
    only: "dest-",
  },
  ociAcceptUncompressedLayers: {
    flag: "oci-accept-uncompressed-layers",
    help: "do not compress layers of archives and engines",
    only: "dest-",
  },
  parallelRanges: {
    flag: "parallel-ranges <n>",
    help: "download large blobs in this many parallel ranges",
    parse: parseBound,
    only: "src-",
  },
  chunkSize: {
    flag: "chunk-size <size>",
    help: "maximum size of one upload request: 64MiB",
    parse: parseSize,
    only: "dest-",
  },
  append: { flag: "append", help: "add to an existing archive", only: "dest-" },
  additionalTag: {
    flag: "additional-tag <name:tag>",
    help: "another name in a docker archive, or several",
    isListed: "commas",
    only: "dest-",
    isBare: true,
  },
  platform: {
    flag: "platform <os/arch>",
    help: "tarball: the platform of the image",
    only: "src-",
  },
  created: { flag: "created <time>", help: "tarball: the creation time", only: "src-" },
  entrypoint: {
    flag: "entrypoint <words>",
    help: "tarball: the entrypoint; a word or a JSON array of words",
    only: "src-",
  },
  cmd: { flag: "cmd <words>", help: "tarball: the default command", only: "src-" },
  env: {
    flag: "env <name=value>",
    help: "tarball: an environment variable, or several",
    isListed: true,
    only: "src-",
  },
  label: {
    flag: "label <name=value>",
    help: "tarball: a label, or several",
    isListed: true,
    only: "src-",
  },
};
