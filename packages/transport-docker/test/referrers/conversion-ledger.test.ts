import { copyImage, mediaTypes } from "@drayage/core";
import { conversionLedgerType } from "@drayage/core/copy";
import { startRegistry } from "@drayage/registry";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { docker } from "../../src/index.ts";

const options = { manifestMIMEType: mediaTypes.ociManifest, conversionLedger: true } as const;
const image = await randomImage("ledger", { format: "docker", layers: 1 });

test.each([
  ["with the referrers API", true],
  ["with the fallback tag only", false],
])("a registry %s lists the ledger of a converted image once", async (_, referrers) => {
  await using registry = await startRegistry({ referrers });
  const to = docker().parseReference(`//${registry.host}/a:tag`);
  const { digest, conversionLedger } = await copyImage(await inMemory(image), to, options);
  const again = await copyImage(await inMemory(image), to, options);
  expect(again.conversionLedger?.digest).toBe(conversionLedger?.digest);
  await using source = await to.newImageSource();
  const found = await Array.fromAsync(source.getReferrers?.(digest) ?? []);
  expect(found).toMatchObject([
    { digest: conversionLedger?.digest, artifactType: conversionLedgerType },
  ]);
});

test("a rejected ledger fails the copy before the image is visible, and names the option", async () => {
  await using registry = await startRegistry({
    intercept: ({ method, path }) =>
      method === "PUT" && /manifests\/sha256:/.test(path)
        ? { status: 403, body: Buffer.from("no referrers") }
        : undefined,
  });
  const to = docker().parseReference(`//${registry.host}/a:tag`);
  await expect(copyImage(await inMemory(image), to, options)).rejects.toMatchObject({
    code: "denied",
    message: expect.stringContaining("conversion ledger could not be written") as string,
  });
  expect(registry.tags("a")).toEqual([]);
});
