import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { formatSignature, parseSignature } from "../../src/contract/signature.ts";

const fixtures = path.resolve(import.meta.dirname, "../../../../../shared/fixtures");

describe("a stored signature", () => {
  test("of sigstore is parsed back from its format", () => {
    const signature = {
      kind: "sigstore",
      mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
      payload: Buffer.from([0, 1, 255]),
      annotations: { "dev.cosignproject.cosign/signature": "abc" },
    } as const;
    expect(parseSignature(formatSignature(signature))).toEqual(signature);
  });

  test("of an unknown format is rejected with advice", () => {
    expect(() => parseSignature(Buffer.from("hello"))).toThrow("--remove-signatures");
  });

  const header = "\0sigstore-json\n";
  test.each([
    `${header}{"mimeType":"a","payload":"AA==","Payload":"AQ=="}`,
    `${header}{"mimeType":"a","payload":"AA==","payload":"AQ=="}`,
    `${header}{"mimeType":"a","payload":"AA"}`,
    `${header}{"mimeType":"a","payload":"A A=="}`,
    `${header}{"mimeType":"a","payload":"AA==","annotations":[]}`,
    `${header}{"mimeType":"a","payload":"AA==","annotations":{"a":"1","a":"2"}}`,
  ])("that is ambiguous is rejected: %j", (text) => {
    const attempt = (): unknown => parseSignature(Buffer.from(text));
    expect(attempt).toThrow(expect.objectContaining({ code: "unsupported" }));
  });

  test.each(["", "hello", "\0other-format\n{}", "\0sigstore-json\n{", "\0sigstore-json\nnull"])(
    "that is %j has an unknown format",
    (text) => {
      const attempt = (): unknown => parseSignature(Buffer.from(text));
      expect(attempt).toThrow(expect.objectContaining({ code: "unsupported" }));
    },
  );

  test.skipIf(!existsSync(fixtures))("of each kind is recognised in real images", () => {
    const kinds = globSync("containers-image/signature/fixtures/dir-img-*/signature-*", {
      cwd: fixtures,
    }).map((name) => {
      const bytes = readFileSync(path.join(fixtures, name));
      const signature = parseSignature(bytes);
      const [image] = path.dirname(name).split("/").slice(-1);
      return `${image}/${path.basename(name)} ${signature.kind}`;
    });
    expect(kinds).toContain("dir-img-valid/signature-1 simple-signing");
    expect(kinds).toContain("dir-img-cosign-valid/signature-1 sigstore");
    expect(kinds.length).toBeGreaterThan(5);
  });
});
