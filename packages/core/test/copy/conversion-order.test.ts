import { describe, expect, test } from "vitest";

import { inConversionOrder } from "../../src/copy/conversion-order.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { sampleImage, sampleIndex } from "../sample-images.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const {
  ociManifest: oci,
  dockerManifest: s2,
  dockerSchema1Signed: signed,
  dockerSchema1: unsigned,
  ociIndex: index,
  dockerList: list,
} = mediaTypes;

describe("the types of a manifest are tried in the order: its own, schema 2, the destination's, schema 1", () => {
  test.each([
    [oci, [signed, s2, oci], [oci, s2, signed]],
    [oci, [signed, s2], [s2, signed]],
    [oci, [unsigned, signed, oci], [oci, unsigned, signed]],
    [s2, [oci, signed, s2], [s2, oci, signed]],
    [s2, [signed, oci], [oci, signed]],
    [signed, [oci, s2, signed], [signed, s2, oci]],
    [signed, [oci, s2], [s2, oci]],
    [index, [list], [list]],
    [list, [index, list], [list, index]],
    [oci, [], []],
  ])("%s where %j are allowed", (own, allowed, order) => {
    expect(inConversionOrder(own, allowed)).toEqual(order);
  });

  test.each([
    ["an OCI image", sampleImage(), [signed, s2], [s2, signed]],
    ["an OCI image", sampleImage(), [s2, oci, signed], [oci, s2, signed]],
    ["a docker image", sampleImage({ manifestType: s2 }), [signed, oci, s2], [s2, oci, signed]],
    ["an OCI index", sampleIndex([]), [list, index], [index, list]],
    ["a docker list", sampleIndex([], list), [oci, index], [index]],
  ])("which is what a plan for %s does", (_, image, manifestMIMETypes, order) => {
    const { steps } = planCopy(copyFacts(factsOf(image), { manifestMIMETypes }));
    const top = steps.find((step) => step.kind === "manifest");
    expect([top?.mediaType, ...(top?.fallbacks ?? [])]).toEqual(order);
  });
});
