import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import * as copy from "../src/copy/index.ts";
import * as core from "../src/index.ts";
import { memory } from "../src/memory/index.ts";
import * as verify from "../src/verify/index.ts";
import { sampleImage, write } from "./sample-images.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/contract.md"), "utf8");
const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** `Owner.A`, `B` in the first column of the table: the members of 2017. */
function membersOf(owner: string): readonly string[] {
  const [table = ""] = page.split("## New here");
  const rows = table.split("\n").filter((line) => line.startsWith(`| \`${owner}.`));
  return rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(?:\w+\.)?(\w+)`/g)].map(([, name = ""]) =>
      camel(name),
    ),
  );
}

/** Members with another name or owner, which the test uses instead. */
const moved: Readonly<Record<string, string>> = {
  close: Symbol.asyncDispose.toString(),
  hasBlob: "tryReusingBlob",
  reapplyBlob: "tryReusingBlob",
  supportedManifestMIMETypes: "accepts",
  supportsSignatures: "accepts",
  shouldCompressLayers: "accepts",
  acceptsForeignLayerURLs: "accepts",
  getTargetManifest: "getManifest",
  // Created by core from the source, for all transports.
  newImage: "newImageSource",
};

describe("each member of the 2017 contract has a counterpart:", async () => {
  const transport = memory();
  const reference = transport.parseReference("x");
  await write(sampleImage(), reference);
  const homes = {
    ImageTransport: transport,
    ImageReference: reference,
    ImageSource: await reference.newImageSource(),
    ImageDestination: await reference.newImageDestination(),
    Image: await core.openImage(reference),
    UnparsedImage: new core.UnparsedImage(await reference.newImageSource()),
  };

  test.each(Object.entries(homes))("%s", (owner, home) => {
    const members = membersOf(owner);
    expect(members.length).toBeGreaterThan(2);
    const names = new Set<string>();
    for (
      let level: object = home;
      level !== Object.prototype;
      level = Object.getPrototypeOf(level) as object
    ) {
      for (const key of Reflect.ownKeys(level)) names.add(String(key));
    }
    expect(members.filter((name) => !names.has(moved[name] ?? name))).toEqual([]);
  });
});

test("each function of core on the page about the contract is exported", () => {
  const entries = {
    root: { exported: core, names: ["openImage", "Transports", "ImageError", "UnparsedImage"] },
    copy: { exported: copy, names: ["inspectCopy", "planCopy", "executeCopy"] },
    verify: { exported: verify, names: ["verifyImage"] },
  };
  for (const { exported, names } of Object.values(entries)) {
    for (const name of names) {
      expect(page).toContain(name);
      expect(exported).toHaveProperty(name);
    }
  }
});
