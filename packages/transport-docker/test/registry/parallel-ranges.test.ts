import { digestOf } from "@drayage/core";
import { parseNamedReference } from "@drayage/core/reference";
import { startRegistry } from "@drayage/registry";
import { expect, test } from "vitest";

import { rangesOf } from "../../src/blobs/blob-ranges.ts";
import { HTTPClient } from "../../src/http/http-client.ts";
import { ParallelRanges } from "../../src/registry/parallel-ranges.ts";
import { Registry } from "../../src/registry/registry.ts";
import { Repository } from "../../src/registry/repository.ts";

const mebibyte = 1 << 20;

test.each([
  [undefined, 64, "https://registry.example.com", true],
  [undefined, 63, "https://registry.example.com", false],
  [undefined, 64, "http://127.0.0.1:5000", false],
  [2, 64, "http://127.0.0.1:5000", true],
  [1, 64, "https://registry.example.com", false],
])("the setting %s enables ranges for a blob of %i MiB at %s: %s", (setting, size, origin, is) => {
  expect(new ParallelRanges(setting).appliesTo(size * mebibyte, origin)).toBe(is);
});

test("a large blob is read in parallel ranges while it is the only one", async () => {
  const bytes = Buffer.alloc(200 * mebibyte, "not random");
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await using registry = await startRegistry();
  await registry.putBlob("a", bytes);
  const client = new HTTPClient({});
  await using _ = client.use();
  const named = parseNamedReference(`${registry.host}/a`);
  const repository = new Repository(new Registry({ host: registry.host }, client, {}), named);
  const ranges = new ParallelRanges(undefined);
  const read = (): AsyncGenerator<Uint8Array> =>
    ranges.read(rangesOf(repository, blob), { start: 0 });
  const requestedSizes = (): readonly number[] =>
    registry.requests.map(({ responseBytes }) => responseBytes / mebibyte);

  const [one, other] = [read(), read()];
  await one.next();
  await other.next();
  let count = 0;
  for await (const chunk of one) {
    count += chunk.byteLength;
    if (count > 40 * mebibyte) await other.return(undefined);
  }
  const byRange = Array.from({ length: 4 + 13 }, () => 8);
  expect(requestedSizes().toSorted((a, b) => a - b)).toEqual([...byRange, 64, 64]);
});
