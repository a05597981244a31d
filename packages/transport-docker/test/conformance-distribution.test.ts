import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { hexOf } from "@drayage/core";
import { distributionProgram, startDistribution, startTokenServer } from "@drayage/test-servers";
import type { Distribution, DistributionSettings } from "@drayage/test-servers";
import { narrowed, newAuthority, opensslProgram } from "@drayage/test-support";
import type { KeyPair } from "@drayage/test-support";
import { conformance, writeImage } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import type { DockerSettings } from "../src/index.ts";
import { subjectAt } from "./conformance-subject.ts";

const credentials = { username: "ann", password: "secret" };
const users = { ann: { password: "secret" } };
const htpasswd = "ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";
const areInstalled = distributionProgram !== undefined && opensslProgram !== undefined;

test.skipIf(!areInstalled)("docker-registry and openssl are installed", () => {
  expect(areInstalled).toBe(true);
});

describe.runIf(areInstalled)("against Docker Distribution", async () => {
  if (!areInstalled) return;
  const folder = await mkdtemp(path.join(tmpdir(), "drayage-tls-"));
  const authority = newAuthority(folder, "ca");
  await writeFile(path.join(folder, "ca.crt"), authority.certificate);
  const [secure, plain] = [authority.issue("server"), undefined];
  const opened: AsyncDisposable[] = [];
  afterAll(async () => {
    for (const one of opened) await one[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function started<Server extends AsyncDisposable>(server: Promise<Server>): Promise<Server> {
    opened.push(await server);
    return server;
  }

  async function tokensOver(tls: KeyPair | undefined): Promise<DistributionSettings> {
    const signer = newAuthority(folder, "signer");
    return { tls, tokens: await started(startTokenServer({ users, signer, tls })) };
  }

  type SetUp = readonly [DistributionSettings, DockerSettings, (readonly string[])?];
  /** Affected by TLS and by logins. Over http a smoke test is enough. */
  const logins = ["source/missing-parts", "destination/large-blob", "copy/parallel"];
  const setUps: Readonly<Record<string, SetUp>> = {
    "without authentication, by http": [{ tls: plain }, {}],
    "without authentication, by https": [{ tls: secure }, { certDir: folder }, logins],
    "with passwords, by http": [{ htpasswd, tls: plain }, { credentials }, []],
    "with passwords, by https": [
      { htpasswd, tls: secure },
      { credentials, certDir: folder },
      logins,
    ],
    "with tokens, by http": [await tokensOver(plain), { credentials }, []],
    "with tokens, by https": [await tokensOver(secure), { credentials, certDir: folder }, logins],
  };

  describe.each(Object.entries(setUps))("%s", async (_, [settings, client, affects]) => {
    const registry = await started(startDistribution(settings));
    const subject = {
      ...subjectAt(registry.host, client),
      ...damaging(registry),
      // Distribution 2.8 accepts blobs with sha512 digests, but no manifests.
      digestAlgorithms: ["sha256"],
    } as const;
    const checks = narrowed(await conformance(subject), affects);
    for (const { name, run } of checks) test(name, run);
  });

  describe("as a read-only mirror", async () => {
    const origin = await started(startDistribution());
    const mirror = await started(startDistribution({ mirrorOf: origin.origin }));
    const [there, here] = [subjectAt(origin.host, {}), subjectAt(mirror.host, {})];
    const subject: TransportUnderTest = {
      ...here,
      async store(image) {
        const stored = await there.freshReference();
        await writeImage(image, stored);
        const { stringWithinTransport: text } = stored;
        return here.transport.parseReference(text.replace(origin.host, mirror.host));
      },
      ...damaging(origin),
    };
    const checks = await conformance(subject);
    const isWrong = (name: string): boolean => name.startsWith("source/missing-parts:");
    for (const { name, run } of checks.filter((check) => !isWrong(check.name))) test(name, run);
    test.each(checks.filter((check) => isWrong(check.name)))(
      "$name: but Distribution 2.8 returns 500 for a digest that its origin lacks",
      async ({ run }) => {
        await expect(run()).rejects.toThrow(/expected an ImageError not-found.* returned 500/);
      },
    );
  });
});

/** Distribution returns its files without verification. */
function damaging({ folder }: Distribution): Pick<TransportUnderTest, "damageBlob"> {
  return {
    async damageBlob(_, digest) {
      const hex = hexOf(digest);
      const blobs = path.join(folder, "docker/registry/v2/blobs/sha256", hex.slice(0, 2));
      await using blob = await open(path.join(blobs, hex, "data"), "r+");
      await blob.write("#", 0);
    },
  };
}
