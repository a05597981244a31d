import path from "node:path";

import { findProgram } from "@drayage/test-support";

/** A tool that copies images, and its command lines. Registries are on this machine, without TLS. */
export interface Tool {
  readonly name: string;
  pull(image: string, layout: string): readonly string[];
  push(layout: string, image: string): readonly string[];
  copy(image: string, other: string): readonly string[];
  /** Missing if it does not support docker archives. */
  pushArchive?(archive: string, image: string): readonly string[];
  packArchive?(layout: string, archive: string): readonly string[];
}

const root = path.resolve(import.meta.dirname, "..");
const node = path.join(root, "node_modules/.bin/node");
const main = path.join(root, "packages/cli/dist/main.mjs");
const drayage = [node, main, "copy", "--quiet", "--insecure-policy"];

const peers: Readonly<Record<string, (program: string) => Omit<Tool, "name">>> = {
  skopeo: (program) => ({
    pull: (image, layout) => [
      program,
      "--insecure-policy",
      "copy",
      "-q",
      "--src-tls-verify=false",
      `docker://${image}`,
      `oci:${layout}:image`,
    ],
    push: (layout, image) => [
      program,
      "--insecure-policy",
      "copy",
      "-q",
      "--dest-tls-verify=false",
      `oci:${layout}:image`,
      `docker://${image}`,
    ],
    copy: (image, other) => [
      program,
      "--insecure-policy",
      "copy",
      "-q",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      `docker://${image}`,
      `docker://${other}`,
    ],
    pushArchive: (archive, image) => [
      program,
      "--insecure-policy",
      "copy",
      "-q",
      "--dest-tls-verify=false",
      `docker-archive:${archive}`,
      `docker://${image}`,
    ],
    packArchive: (layout, archive) => [
      program,
      "--insecure-policy",
      "copy",
      "-q",
      `oci:${layout}:image`,
      `docker-archive:${archive}:example.com/image:tag`,
    ],
  }),
  crane: (program) => ({
    pull: (image, layout) => [program, "pull", "--insecure", "--format=oci", image, layout],
    push: (layout, image) => [program, "push", "--insecure", layout, image],
    copy: (image, other) => [program, "copy", "--insecure", image, other],
    pushArchive: (archive, image) => [program, "push", "--insecure", archive, image],
  }),
  oras: (program) => ({
    pull: (image, layout) => [
      program,
      "cp",
      "--no-tty",
      "--from-plain-http",
      "--to-oci-layout",
      image,
      `${layout}:image`,
    ],
    push: (layout, image) => [
      program,
      "cp",
      "--no-tty",
      "--to-plain-http",
      "--from-oci-layout",
      `${layout}:image`,
      image,
    ],
    copy: (image, other) => [
      program,
      "cp",
      "--no-tty",
      "--from-plain-http",
      "--to-plain-http",
      image,
      other,
    ],
  }),
};

/** drayage first, then the other tools on the PATH. */
export function installedTools(): readonly Tool[] {
  const ours: Tool = {
    name: "drayage",
    pull: (image, layout) => [...drayage, `docker://${image}`, `oci:${layout}:image`],
    push: (layout, image) => [...drayage, `oci:${layout}:image`, `docker://${image}`],
    copy: (image, other) => [...drayage, `docker://${image}`, `docker://${other}`],
    pushArchive: (archive, image) => [
      ...drayage,
      "--no-cache",
      `docker-archive:${archive}`,
      `docker://${image}`,
    ],
    packArchive: (layout, archive) => [
      ...drayage,
      `oci:${layout}:image`,
      `docker-archive:${archive}:example.com/image:tag`,
    ],
  };
  const theirs = Object.entries(peers).flatMap(([name, tool]) => {
    const program = findProgram(name);
    return program === undefined ? [] : [{ name, ...tool(program) }];
  });
  return [ours, ...theirs];
}
