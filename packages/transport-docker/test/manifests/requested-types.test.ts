import { mediaTypes } from "@drayage/core";
import { randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

test("a source requests the given media types, by tag and by digest", async () => {
  const { manifest } = await randomImage("requested types");
  const accepted: (string | undefined)[] = [];
  await using server = await startServer((request, response) => {
    if (request.url?.includes("/manifests/")) accepted.push(request.headers.accept);
    response.setHeader("content-type", manifest.mediaType);
    response.end(manifest.bytes);
  });
  const reference = docker().parseReference(`//${server.host}/a:1`);
  const types = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
  await using source = await reference.newImageSource({ manifestMIMETypes: types });
  await source.getManifest();
  await source.getManifest(manifest.digest);
  await using all = await reference.newImageSource({ manifestMIMETypes: [] });
  await all.getManifest();
  expect(accepted.slice(0, 2)).toEqual([types.join(", "), types.join(", ")]);
  expect(accepted[2]).toContain(mediaTypes.dockerList);
});
