// Copies an image from each transport to the next and prints what the last one has. Imports the packages that are
// installed next to it.
import { readFile } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";

const { folder, host, certDir, s3Access, daemonHost, source } = JSON.parse(process.argv[2]);
const references = [
  directory().parseReference(source),
  ociLayout({ layers: "compress" }).parseReference(path.join(folder, "layout:1")),
  docker({ certDir }).parseReference(`//${host}/libraries:1`),
  ociLayout({ layers: "decompress" }).parseReference(path.join(folder, "layout:2")),
];
if (s3Access !== undefined) {
  const { s3 } = await import("@drayage/transport-s3");
  references.push(s3(s3Access).parseReference("//bucket/libraries:1"));
}
if (daemonHost !== undefined) {
  const { dockerDaemon } = await import("@drayage/transport-docker-daemon");
  references.push(dockerDaemon({ host: daemonHost }).parseReference("libraries:1"));
}
if (s3Access !== undefined) {
  const { dockerArchive, ociArchive } = await import("@drayage/transport-tarball");
  references.push(dockerArchive().parseReference(path.join(folder, "docker.tar:libraries:1")));
  references.push(ociArchive().parseReference(path.join(folder, "oci.tar:1")));
}
references.push(directory().parseReference(path.join(folder, "last")));
for (const [index, to] of references.slice(1).entries()) await copyImage(references[index], to);

const manifest = JSON.parse(await readFile(path.join(folder, "last/manifest.json"), "utf8"));
console.log(manifest.config.digest);
