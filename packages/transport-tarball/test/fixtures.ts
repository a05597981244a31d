import { existsSync } from "node:fs";
import path from "node:path";

/** The fixtures of other projects, if installed. */
const folder = path.resolve(import.meta.dirname, "../../../../shared/fixtures");

export const hasFixtures: boolean = existsSync(folder);

const libimage = "containers-common/libimage/testdata";

/** Each image in an archive of another project, by its transport and path. */
export const archivedFixtures: readonly (readonly [transport: string, reference: string])[] = [
  ["docker-archive", `${libimage}/docker-name-only.tar.xz`],
  ["docker-archive", `${libimage}/docker-registry-name.tar.xz`],
  ["docker-archive", `${libimage}/docker-registry-name.tar.xz:example.com/empty`],
  ["docker-archive", `${libimage}/docker-two-images.tar.xz:@0`],
  ["docker-archive", `${libimage}/docker-two-images.tar.xz:example.com/empty/but:different`],
  ["docker-archive", "containers-image/docker/archive/fixtures/almostempty.tar"],
  ["docker-archive", "containers-image/docker/archive/fixtures/almostempty.tar:emptyimage"],
  ["oci-archive", `${libimage}/oci-name-only.tar.gz`],
  ["oci-archive", `${libimage}/oci-name-only.tar.gz:pretty-empty:latest`],
  ["oci-archive", `${libimage}/oci-registry-name.tar.gz`],
];

export function fixture(reference: string): string {
  return path.join(folder, reference);
}
