import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ImageReference, ImageTransport } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startFaultProxy } from "@drayage/mock-servers";
import type { FaultProxy } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistrySettings } from "@drayage/registry";
import { startDistribution } from "@drayage/test-servers";
import type { Distribution } from "@drayage/test-servers";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";

import type { Run } from "./run.ts";

/** A secret that must not leak. */
export const user = { username: "user", password: "a-very-secret-password" } as const;

/** An image location, reached through the proxy and directly. */
export interface Location {
  readonly faulty: ImageReference;
  readonly direct: ImageReference;
}

/** The locations of one run, and their servers and proxies. */
export class Rig implements AsyncDisposable {
  readonly registries: (Registry | Distribution)[] = [];
  readonly proxies: FaultProxy[] = [];
  /** The folder of locations on disk. */
  readonly folder: string;
  readonly #run: Run;
  readonly #faulty: ImageTransport;
  readonly #direct: ImageTransport;
  readonly #memory: ImageTransport = memory();

  private constructor(run: Run, folder: string) {
    const system = { environment: {}, rootForImplicitAbsolutePaths: folder };
    const { parallelBlobs } = run;
    this.folder = folder;
    this.#run = run;
    this.#faulty = docker({ credentials: user, system, parallelBlobs, idleTimeout: 300 });
    this.#direct = docker({ credentials: user, system });
  }

  static async open(run: Run): Promise<Rig> {
    return new Rig(run, await mkdtemp(path.join(tmpdir(), "faults-")));
  }

  async source(): Promise<Location> {
    if (this.#run.from === "registry") await this.#startRegistry();
    return this.#locationOf(this.#run.from, "from/image");
  }

  /** Another location in the same store; call it after `source`. */
  async destinations(...names: readonly string[]): Promise<readonly Location[]> {
    const { to } = this.#run;
    if (to === "registry") await this.#startRegistry();
    return names.map((name) => this.#locationOf(to, name));
  }

  get hadFaults(): boolean {
    return this.proxies.some(({ requests }) => requests.some(({ fault }) => fault !== undefined));
  }

  /** A registry that has never responded is not retried. */
  get isMute(): boolean {
    return this.proxies.some(({ requests }) => requests[0]?.fault?.kind === "stall");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [...this.proxies, ...this.registries]) await one[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #startRegistry(): Promise<void> {
    const { registry: kind, faults, seed } = this.#run;
    const registry =
      kind === "strict" ? await startRegistry(settingsOf(this.#run)) : await startDistribution();
    this.registries.push(registry);
    const ofThisOne = { ...faults, seed: `${seed} ${this.registries.length}` };
    this.proxies.push(await startFaultProxy({ target: registry.origin, faults: ofThisOne }));
  }

  #locationOf(kind: Run["from"] | Run["to"], name: string): Location {
    switch (kind) {
      case "memory":
        return both(this.#memory.parseReference(name));
      case "layout":
        return both(ociLayout().parseReference(`${path.join(this.folder, "layout")}:${name}`));
      case "directory":
        return both(directory().parseReference(path.join(this.folder, name)));
      case "registry":
      case "beside":
        return {
          faulty: this.#faulty.parseReference(`//${this.proxies.at(-1)?.host}/${name}:tag`),
          direct: this.#direct.parseReference(`//${this.registries.at(-1)?.host}/${name}:tag`),
        };
    }
  }
}

const both = (reference: ImageReference): Location => ({ faulty: reference, direct: reference });

function settingsOf({ seed, authentication, ...run }: Run): RegistrySettings {
  const { username, password } = user;
  const users = { [username]: { password } };
  return {
    redirectBlobs: run.redirectsBlobs,
    locations: seed % 2 === 0 ? "relative" : "absolute",
    singlePost: seed % 3 !== 2,
    ...(seed % 7 === 0 && { chunkMinLength: 10_000 }),
    ...(authentication === "basic" && { authentication: { kind: "basic", users } }),
    ...(authentication === "token" && {
      authentication: { kind: "bearer", users, separateTokenServer: run.isTokenServerApart },
    }),
  };
}
