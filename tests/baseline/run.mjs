// Runs on the oldest supported Node what can differ between versions of Node: code that leans on its built-in modules.
// Plans, manifests, names, flags and the other rules are JavaScript that every version runs alike.
import { spawnSync } from "node:child_process";
import { accessSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const tests = [
  // node:zlib, node:crypto, streams, worker threads and WebAssembly
  "packages/core/test/compression",
  "packages/core/test/content",
  "packages/chunked/test",
  // JSON.parse with source text, JSON.rawJSON
  "packages/core/test/json",
  // node:fs, named pipes, locks, connections and DNS
  "packages/transport-kit/test",
  // node:sqlite
  "packages/blob-info-cache/test",
  // node:fs and streams under every file-based transport
  "packages/image-archive/test",
  "packages/transport-dir/test",
  "packages/transport-oci-layout/test",
  "packages/transport-tarball/test/conformance.test.ts",
  "packages/transport-tarball/test/standard-streams.test.ts",
  // node:http, node:tls and undici
  "packages/registry/test",
  "packages/transport-docker/test/http",
  "packages/transport-docker/test/blobs",
  "packages/transport-docker/test/conformance.test.ts",
  "packages/transport-docker-daemon/test/engine-failures.test.ts",
  "packages/transport-s3/test/bounded-responses.test.ts",
  "packages/transport-s3/test/proxies.test.ts",
  "packages/transport-s3/test/s3-resume.test.ts",
  // node:child_process
  "packages/transport-docker/test/credentials",
  // processes, signals, standard streams and the bundle
  "packages/cli/test/process",
  "packages/cli/test/copy",
  "packages/cli/test/command-line.test.ts",
  "packages/cli/test/unfinished-command.test.ts",
  // the published packages, installed
  "tests/smoke/command.test.ts",
  "tests/smoke/libraries.test.ts",
  "tests/smoke/transports.test.ts",
];

// A filter that matches nothing would go unnoticed.
for (const test of tests) accessSync(path.join(root, test));

console.log(`Node ${process.version}`);
const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--root", root, ...tests], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
