import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

test.skipIf(opensslProgram === undefined)(
  "a configured authority is trusted in addition to the default ones (needs openssl)",
  async () => {
    const known = newAuthority(await scratchFolder(), "known");
    const own = newAuthority(await scratchFolder(), "own");
    setDefaultCACertificates([...getCACertificates(), known.certificate]);
    const certDir = await mkdtemp(path.join(await scratchFolder(), "certs-"));
    await writeFile(path.join(certDir, "ca.crt"), own.certificate);
    for (const authority of [known, own]) {
      const { certificate: cert, key } = authority.issue("server");
      await using server = await startServer((_, response) => response.end('{"tags":["1"]}'), {
        tls: { cert, key },
      });
      const settings = { certDir, insecure: false };
      const reference = docker(settings).parseReference(`//${server.host}/a`);
      expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
    }
    const untrusted = newAuthority(await scratchFolder(), "untrusted").issue("server");
    await using server = await startServer((_, response) => response.end("{}"), {
      tls: { cert: untrusted.certificate, key: untrusted.key },
    });
    const reference = docker({ certDir }).parseReference(`//${server.host}/a`);
    await expect(Array.fromAsync(reference.getTags())).rejects.toMatchObject({
      code: "unavailable",
    });
  },
);
