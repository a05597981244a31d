import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import * as copy from "../src/copy/index.ts";
import * as core from "../src/index.ts";
import { memory } from "../src/memory/index.ts";
import * as verify from "../src/verify/index.ts";
import { membersOf2017 } from "./contract/members-of-2017.ts";
import { sampleImage, write } from "./sample-images.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/contract.md"), "utf8");
const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** `Owner.Member` of each row of the page's table, with the description. */
const rows = new Map(
  [...page.matchAll(/^\| `(\w+(?:\.\w+)?)` +\| (.+) \|$/gm)].map(([, name = "", text = ""]) => [
    name,
    text.trim(),
  ]),
);

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

/** Closing its source closes an unparsed image. */
const absent = new Set(["UnparsedImage.close"]);

test("the page describes each member of the 2017 contract, and no others of its owners", () => {
  const members = Object.entries(membersOf2017).flatMap(([owner, names]) =>
    names.map((name) => `${owner}.${name}`),
  );
  expect(
    [...rows.keys()].filter((name) => !/^(?:Err|transports|alltransports)/.test(name)),
  ).toEqual(members);
  expect([...rows.values()].filter((text) => text.length < 4)).toEqual([]);
});

const page2017 = path.resolve(import.meta.dirname, "../../../../shared/reference/types-2017.txt");

test.skipIf(!existsSync(page2017))("the list has each member of the page of 2017", () => {
  const text = readFileSync(page2017, "utf8");
  const found = [...text.matchAll(/^type (\w+) (struct|interface) \{\n([^]*?)^(?=type |[A-Z])/gm)];
  expect(found.map(([, owner]) => owner)).toEqual(Object.keys(membersOf2017));
  for (const [, owner = "", kind, body = ""] of found) {
    const member = kind === "struct" ? /^\t(\w+)\s+[\w[\]*.]+/gm : /^\t(\w+)\(/gm;
    const names = [...body.matchAll(member)].map(([, name = ""]) => name);
    const missing = names.filter((name) => !membersOf2017[owner]?.includes(name));
    expect([owner, missing]).toEqual([owner, []]);
    expect([owner, names.length]).not.toEqual([owner, 0]);
  }
});

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
    const members = (membersOf2017[owner] ?? [])
      .map(camel)
      .filter((name) => !absent.has(`${owner}.${name}`));
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
