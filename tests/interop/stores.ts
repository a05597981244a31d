import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { ImageReference, ImageTransport, SystemContext } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startS3 } from "@drayage/mock-servers";
import type { S3Access } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import {
  distributionProgram,
  dockerdProgram,
  isCephInstalled,
  startCeph,
  startDistribution,
  startDockerd,
} from "@drayage/test-servers";
import { opensslProgram } from "@drayage/test-support";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { dockerDaemon } from "@drayage/transport-docker-daemon";
import { ociLayout } from "@drayage/transport-oci-layout";
import { s3 } from "@drayage/transport-s3";
import { dockerArchive, ociArchive } from "@drayage/transport-tarball";

import { startSecureDistribution } from "./secure-distribution.ts";

/** Ignores the configuration of this machine. */
export const system: SystemContext = {
  rootForImplicitAbsolutePaths: import.meta.dirname,
  environment: { HOME: import.meta.dirname },
};

/** A folder that is removed at the end of its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "interop-"));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A kind of store. The defaults apply to most of them. */
export interface StoreKind {
  /** In an empty folder. */
  readonly open: (folder: string) => Store | Promise<Store>;
  /** False if its server is not installed. */
  readonly isHere?: boolean;
  /** `content`: config and layer contents, whatever their compression. The default is `everything`. */
  readonly preserves?: "everything" | "content";
  /** The kind that it represents: all stores are tested with it. `npm run torture` tests all pairs. */
  readonly represents?: "layouts" | "archives" | "registries";
  /** The same transport as another kind: `npm test` copies between it and layouts, and from it to itself. */
  readonly isVariant?: boolean;
  /** Whether it supports indexes. The default is true. */
  readonly indexes?: boolean;
}

/** A store for images. */
export interface Store {
  /** A new reference each time, to which nothing is written yet. */
  readonly fresh: () => ImageReference;
  /** A server to stop at the end. */
  readonly server?: AsyncDisposable;
}

const bucket = "images";

/** One line for each transport, and each kind of registry. */
export const storeKinds = {
  memory: { open: () => numbered(memory(), (name) => name) },
  dir: { open: (folder) => numbered(directory(), (name) => `${folder}/${name}`) },
  oci: {
    open: (folder) => numbered(ociLayout(), (name) => `${folder}/layout:${name}`),
    represents: "layouts",
  },
  "docker-archive": {
    open: (folder) =>
      numbered(dockerArchive(), (name) => `${folder}/${name}.tar:example.com/${name}:tag`),
    preserves: "content",
    indexes: false,
    represents: "archives",
  },
  "docker-daemon": {
    isHere: dockerdProgram !== undefined,
    async open() {
      const server = await startDockerd();
      return { server, ...numbered(dockerDaemon(server), (name) => `${name}:tag`) };
    },
    preserves: "content",
    indexes: false,
  },
  "oci-archive": {
    open: (folder) => numbered(ociArchive(), (name) => `${folder}/${name}.tar:${name}`),
  },
  s3: { open: async () => inBucket(await startS3({ buckets: [bucket] })) },
  "s3 at Ceph": {
    isHere: isCephInstalled,
    isVariant: true,
    async open() {
      const ceph = await startCeph();
      await new S3Client(ceph.access).send(new CreateBucketCommand({ Bucket: bucket }));
      return inBucket(ceph);
    },
  },
  docker: {
    open: async () => inRegistry(await startRegistry(), docker({ system })),
    represents: "registries",
  },
  "docker at Distribution": {
    isHere: distributionProgram !== undefined,
    open: async () => inRegistry(await startDistribution(), docker({ system })),
  },
  "docker at Distribution with TLS and tokens": {
    isHere: distributionProgram !== undefined && opensslProgram !== undefined,
    isVariant: true,
    async open(folder) {
      const registry = await startSecureDistribution(folder);
      return inRegistry(registry, docker({ ...registry, system }));
    },
  },
} satisfies Readonly<Record<string, StoreKind>>;

function numbered(transport: ImageTransport, textOf: (name: string) => string): Store {
  let count = 0;
  return { fresh: () => transport.parseReference(textOf(`image${count++}`)) };
}

function inBucket(server: AsyncDisposable & { readonly access: S3Access }): Store {
  return { server, ...numbered(s3(server.access), (name) => `//${bucket}/layout:${name}`) };
}

function inRegistry(
  server: AsyncDisposable & { readonly host: string },
  transport: ImageTransport,
): Store {
  return { server, ...numbered(transport, (name) => `//${server.host}/${name}:tag`) };
}
