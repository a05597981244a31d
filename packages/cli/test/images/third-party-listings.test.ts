import type { ImageReference, ImageTransport, ListedImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { parseNamedReference } from "@drayage/core/reference";
import { expect, test, vi } from "vitest";

import { listerOf } from "../../src/commands/list-tags.ts";
import { tagsBeside } from "../../src/images/tags.ts";

/** A reference of a transport that the command does not know. */
function shelved(
  transport: Partial<ImageTransport>,
  reference: Partial<ImageReference> = {},
): ImageReference {
  const base = memory();
  return {
    transport: { ...base, name: "shelf", ...transport },
    stringWithinTransport: "box",
    dockerReference: undefined,
    policyConfigurationIdentity: undefined,
    policyConfigurationNamespaces: [],
    newImageSource: (options) => base.parseReference("box").newImageSource(options),
    ...reference,
  };
}

const namedImage = (...names: readonly string[]): ListedImage => {
  const reference = memory().parseReference(names.join());
  return { names, reference, newImageSource: (options) => reference.newImageSource(options) };
};

test("the images of a location are listed by their names, each once, and the location is closed", async () => {
  const close = vi.fn<() => Promise<void>>(async () => {});
  const images = [namedImage("v1", "latest"), namedImage("@1"), namedImage("v1")];
  const listImages = async () => ({ images, [Symbol.asyncDispose]: close });
  const list = listerOf(shelved({}, { listImages }), "shelf:box");
  expect(await list({})).toEqual({ Tags: ["v1", "latest", "@1"] });
  expect(close).toHaveBeenCalledOnce();
});

test("tags are listed by the transport, with the name of the repository if there is one", async () => {
  const listTags: ImageTransport["listTags"] = async function* () {
    yield* ["v1", "v2"];
  };
  expect(await listerOf(shelved({ listTags }), "shelf:box")({})).toEqual({ Tags: ["v1", "v2"] });
  const dockerReference = parseNamedReference("shelf.example/box");
  const named = shelved({ listTags }, { dockerReference });
  expect(await listerOf(named, "shelf.example/box")({})).toEqual({
    Repository: "shelf.example/box",
    Tags: ["v1", "v2"],
  });
  expect(await tagsBeside(named, {})).toEqual(["v1", "v2"]);
});

test("without either ability, the error names the transports that list tags", async () => {
  expect(() => listerOf(shelved({}), "shelf:box")).toThrow(
    expect.objectContaining({ code: "unsupported" }),
  );
  expect(await tagsBeside(shelved({}), {})).toEqual([]);
});
