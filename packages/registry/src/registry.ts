import type { Digest, RawManifest } from "@drayage/core";

import { basicAuthorizer, bearerAuthorizer } from "./access/authorizer.ts";
import type { Authorizer } from "./access/authorizer.ts";
import { tokenEndpoint, tokenPath } from "./access/token-endpoint.ts";
import { Tokens } from "./access/tokens.ts";
import type { LoggedRequest } from "./http/request-log.ts";
import type { WebServer } from "./http/web-server.ts";
import { RedirectedBlobs } from "./redirected-blobs.ts";
import { RegistryContent } from "./registry-content.ts";
import { RegistryServers } from "./registry-servers.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import type { RegistryState } from "./registry-state.ts";
import type { StoredManifest } from "./repositories.ts";
import { router } from "./router.ts";
import type { StoredImage } from "./stored-image.ts";

/** An in-process container registry. It ends when it is disposed of; blobs in a folder remain. */
export interface Registry extends AsyncDisposable {
  /** `http://127.0.0.1:5000` */
  readonly origin: string;
  /** `127.0.0.1:5000`, the host in image names. */
  readonly host: string;
  readonly port: number;
  /** Every request to any of its servers since the start or the last `clear`, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** Empties `requests`. */
  clear(): void;
  /** Invalidates all issued tokens. */
  expireTokens(): void;
  /** Stores a blob without checks. */
  putBlob(repository: string, bytes: Uint8Array): Promise<Digest>;
  /** Stores a manifest without checks. Tests may need one that no client could push. */
  putManifest(repository: string, manifest: RawManifest, tag?: string): Digest;
  /** Stores an image with all its content. */
  putImage(repository: string, image: StoredImage, tag?: string): Promise<Digest>;
  /** The bytes of a blob, if the repository has it. */
  findBlob(repository: string, digest: Digest): Promise<Uint8Array | undefined>;
  /** By tag or digest. */
  findManifest(repository: string, reference: string): StoredManifest | undefined;
  /** The sorted tags of a repository; empty if it does not exist. */
  tags(repository: string): readonly string[];
}

/** Starts a registry that strictly implements OCI distribution-spec 1.1. */
export async function startRegistry(settings: RegistrySettings = {}): Promise<Registry> {
  const content = new RegistryContent(settings.folder);
  const servers = new RegistryServers(settings);
  const main = await servers.open(settings.port);
  const redirectOf = settings.redirectBlobs
    ? await serveStorage(servers, { store: content.store, settings })
    : undefined;
  const { authorize, tokens } = await openAuthorizer(settings, servers, main);
  const { origin, host, port } = main;
  const { repositories, store, uploads } = content;
  const state: RegistryState = { settings, origin, repositories, store, uploads, redirectOf };
  servers.serve(main, "registry", router(state, authorize));
  return {
    origin,
    host,
    port,
    requests: servers.log.entries,
    clear: () => void servers.log.entries.splice(0),
    expireTokens: () => tokens?.expireAll(),
    putBlob: (repository, bytes) => content.putBlob(repository, bytes),
    putManifest: (repository, manifest, tag) => content.putManifest(repository, manifest, tag),
    putImage: (repository, image, tag) => content.putImage(repository, image, tag),
    findBlob: (repository, digest) => content.findBlob(repository, digest),
    findManifest: (repository, reference) => content.findManifest(repository, reference),
    tags: (repository) => content.tags(repository),
    async [Symbol.asyncDispose]() {
      await servers[Symbol.asyncDispose]();
      await uploads.discardAll();
    },
  };
}

async function serveStorage(
  servers: RegistryServers,
  state: Pick<RegistryState, "store" | "settings">,
): Promise<RegistryState["redirectOf"]> {
  const blobs = new RedirectedBlobs(state);
  const server = await servers.open();
  servers.serve(server, "storage", blobs.handler);
  return (digest, size) => server.origin + blobs.sign(digest, size);
}

async function openAuthorizer(
  { authentication }: RegistrySettings,
  servers: RegistryServers,
  main: WebServer,
): Promise<{ readonly authorize?: Authorizer; readonly tokens?: Tokens }> {
  if (authentication === undefined) return {};
  if (authentication.kind === "basic") return { authorize: basicAuthorizer(authentication.users) };
  const { separateTokenServer = false, tokenLifetime = 300 } = authentication;
  const tokens = new Tokens(tokenLifetime);
  const server = separateTokenServer ? await servers.open() : main;
  servers.serve(server, "tokens", tokenEndpoint(authentication, tokens, main.host), tokenPath);
  return { authorize: bearerAuthorizer(tokens, server.origin + tokenPath, main.host), tokens };
}
