import { writeFile } from "node:fs/promises";
import path from "node:path";

import {
  ask,
  findProgram,
  newAuthority,
  octets,
  opensslProgram,
  outputOf,
  scratchFolder,
  textAndDigest,
} from "@drayage/test-support";
import type { Authority } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { distributionProgram, startDistribution } from "../distribution.ts";
import type { Distribution, DistributionSettings } from "../distribution.ts";
import { startTokenServer } from "../token-server.ts";

const skopeo = findProgram("skopeo");
const areHere = [distributionProgram, opensslProgram, skopeo].every((each) => each !== undefined);
const users = { ann: { password: "secret" } };
const anonymous = { "*": ["pull"] } as const;

/** A small image in skopeo's folder format. */
async function imageFolder(): Promise<string> {
  const folder = await scratchFolder();
  const config = textAndDigest('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}');
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      digest: config.digest,
      size: config.bytes.byteLength,
    },
    layers: [],
  };
  await writeFile(path.join(folder, config.digest.slice(7)), config.bytes);
  await writeFile(path.join(folder, "manifest.json"), JSON.stringify(manifest));
  await writeFile(path.join(folder, "version"), "Directory Transport Version: 1.1\n");
  return folder;
}

describe.skipIf(!areHere)("Distribution (needs docker-registry, openssl and skopeo)", () => {
  async function copied(...words: readonly string[]): Promise<"done" | "refused"> {
    const settings = ["--insecure-policy", "copy", "-q", "--src-tls-verify=false"];
    return outputOf(skopeo ?? "", ...settings, ...words).then(
      () => "done",
      () => "refused",
    );
  }

  async function authority(): Promise<{ readonly folder: string; readonly ca: Authority }> {
    const folder = await scratchFolder();
    const ca = newAuthority(folder, "ca");
    await writeFile(path.join(folder, "ca.crt"), ca.certificate);
    return { folder, ca };
  }

  function nameAt({ host }: Distribution): string {
    return `docker://${host}/an/image:tag`;
  }

  test.each([false, true])(
    "accepts the tokens of a server, both over TLS: %s",
    async (isSecure) => {
      const { folder, ca } = await authority();
      const tls = isSecure ? ca.issue("server") : undefined;
      const signer = newAuthority(folder, "signer");
      await using tokens = await startTokenServer({ users, anonymous, signer, tls });
      await using registry = await startDistribution({ tokens, tls });
      const [from, to] = [`dir:${await imageFolder()}`, nameAt(registry)];
      const trust = isSecure ? ["--dest-cert-dir", folder] : ["--dest-tls-verify=false"];
      expect(await copied("--dest-no-creds", ...trust, from, to)).toBe("refused");
      expect(await copied("--dest-creds=ann:wrong", ...trust, from, to)).toBe("refused");
      expect(await copied("--dest-creds=ann:secret", ...trust, from, to)).toBe("done");
      expect(await copied("--src-no-creds", to, `dir:${await scratchFolder()}`)).toBe("done");
      expect(tokens.requests.map(({ status }) => status)).toContain(401);
    },
  );

  test("rejects the tokens of another server", async () => {
    const { folder } = await authority();
    const [signer, other] = [newAuthority(folder, "signer"), newAuthority(folder, "other")];
    await using tokens = await startTokenServer({ users, signer });
    const { certificate } = other;
    await using registry = await startDistribution({ tokens: { ...tokens, certificate } });
    const creds = ["--dest-creds=ann:secret", "--dest-tls-verify=false"];
    const from = `dir:${await imageFolder()}`;
    expect(await copied(...creds, from, nameAt(registry))).toBe("refused");
  });

  test("mirrors another registry and accepts no pushes", async () => {
    await using origin = await startDistribution();
    await using mirror = await startDistribution({ mirrorOf: origin.origin });
    const from = `dir:${await imageFolder()}`;
    expect(await copied("--dest-tls-verify=false", from, nameAt(origin))).toBe("done");
    expect(await copied(nameAt(mirror), `dir:${await scratchFolder()}`)).toBe("done");
    expect(await copied("--dest-tls-verify=false", from, nameAt(mirror))).toBe("refused");
    const { bytes, digest } = textAndDigest("new");
    const post = `POST /v2/a/b/blobs/uploads/?digest=${digest}`;
    const answer = await ask(mirror.origin, post, { headers: octets, body: bytes });
    expect(answer.status).toBe(405);
  });

  test("reports the error if it cannot start", async () => {
    const settings: DistributionSettings = { tls: { certificate: "none", key: "none" } };
    await expect(startDistribution(settings)).rejects.toThrow(/did not start: .*tls/s);
  });
});
