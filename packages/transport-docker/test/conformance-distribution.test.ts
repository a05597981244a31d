import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { hexOf } from "@drayage/core";
import { distributionProgram, startDistribution, startTokenServer } from "@drayage/test-servers";
import type { Distribution, DistributionSettings } from "@drayage/test-servers";
import { newAuthority, opensslProgram } from "@drayage/test-support";
import type { KeyPair } from "@drayage/test-support";
import { conformance, writeImage } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import type { DockerSettings } from "../src/index.ts";
import { subjectAt } from "./conformance-subject.ts";

const credentials = { username: "ann", password: "secret" };
const users = { ann: { password: "secret" } };
const htpasswd = "ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";
const areHere = distributionProgram !== undefined && opensslProgram !== undefined;

test.skipIf(!areHere)("docker-registry and openssl are installed", () => {
  expect(areHere).toBe(true);
});

describe.runIf(areHere)("against Docker Distribution", async () => {
  if (!areHere) return;
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

  type SetUps = Readonly<Record<string, readonly [DistributionSettings, DockerSettings]>>;
  const pairwise: SetUps = {
    "for everybody, over http": [{ tls: plain }, {}],
    "with passwords, over http": [{ htpasswd, tls: plain }, { credentials }],
    "with tokens, over TLS": [await tokensOver(secure), { credentials, certDir: folder }],
  };
  const others: SetUps = {
    "for everybody, over TLS": [{ tls: secure }, { certDir: folder }],
    "with passwords, over TLS": [
      { htpasswd, tls: secure },
      { credentials, certDir: folder },
    ],
    "with tokens, over http": [await tokensOver(plain), { credentials }],
  };
  // `npm run torture` runs all of them.
  const setUps = process.env["DRAYAGE_TORTURE"] === "1" ? { ...pairwise, ...others } : pairwise;

  describe.each(Object.entries(setUps))("%s", async (_, [settings, dockerSettings]) => {
    const registry = await started(startDistribution(settings));
    const subject = { ...subjectAt(registry.host, dockerSettings), ...damaging(registry) };
    for (const { name, run } of await conformance(subject)) test(name, run);
  });

  describe("as a mirror, which is only read", async () => {
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
      "$name: but Distribution 2.8 says 500 of a digest that its origin does not have",
      async ({ run }) => {
        await expect(run()).rejects.toThrow(/expected an ImageError not-found.* answered 500/);
      },
    );
  });
});

/** Distribution gives its files as they are. */
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
