import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import { ecKeys } from "@drayage/test-support";
import { imageFromFiles, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { dockerArchive } from "@drayage/transport-tarball";

/** The hosts that examples name. */
const hosts = ["docker.io", "quay.io", "registry.example.com"];

/**
 * What examples expect of the world, on this machine: every registry that they name is one registry in this process,
 * every bucket one S3, and an OCI layout and a docker archive lie in the current folder.
 */
export class ExampleWorld implements AsyncDisposable {
  readonly #resources: AsyncDisposableStack;
  /** The current folder of the example. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;

  private constructor(
    resources: AsyncDisposableStack,
    folder: string,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#resources = resources;
    this.folder = folder;
    this.environment = environment;
  }

  static async open(): Promise<ExampleWorld> {
    await using resources = new AsyncDisposableStack();
    const folder = await mkdtemp(path.join(tmpdir(), "drayage-readme-"));
    resources.defer(() => rm(folder, { recursive: true, force: true }));
    const registry = resources.use(await startRegistry());
    const store = resources.use(
      await startS3({ region: "eu-central-1", buckets: ["my-images"], anonymous: true }),
    );
    const image = await imageFromFiles([[{ path: "etc/motd", content: "hello\n" }]]);
    for (const repository of ["library/alpine", "team/app"])
      for (const tag of ["latest", "3.20", "1.0"]) await registry.putImage(repository, image, tag);
    const layout = ociLayout().parseReference(`${path.join(folder, "images")}:alpine`);
    await writeImage(image, layout);
    const keys = ecKeys();
    await writeFile(path.join(folder, "team.pub.pem"), keys.publicKey);
    await writeFile(path.join(folder, "team.pem"), keys.privateKey);
    const archive = path.join(folder, "app.tar");
    await copyImage(layout, dockerArchive().parseReference(`${archive}:example.com/app:1.0`));
    const policy = { default: [{ type: "insecureAcceptAnything" }] };
    await writeFile(path.join(folder, "policy.json"), JSON.stringify(policy));
    const conf = path.join(folder, "registries.conf");
    await writeFile(conf, registriesConf(registry.host));
    const environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
      CONTAINERS_REGISTRIES_CONF: conf,
      AWS_ENDPOINT_URL: store.access.endpoint,
      AWS_ACCESS_KEY_ID: store.access.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.access.credentials.secretAccessKey,
    };
    return new ExampleWorld(resources.move(), folder, environment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}

function registriesConf(host: string): string {
  const entries = hosts.map(
    (prefix) => `[[registry]]\nprefix = "${prefix}"\nlocation = "${host}"\ninsecure = true\n`,
  );
  return entries.join("\n");
}
