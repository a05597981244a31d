#!/usr/bin/env node
// Uses only syntax that old versions of Node parse. Imports dynamically, because static imports load before any code
// runs.
const { node } = process.versions;
const [major = 0, minor = 0, patch = 0] = node.split(".").map(Number);
const required = "22.22.2";
// Node 23 ended before 22.22 and lacks its features.
const isSupported = major >= 24 || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));

if (isSupported) {
  void import("./start.ts");
} else {
  process.stderr.write(
    `drayage: requires Node ${required} or later, but this is ${node}; install a newer version from https://nodejs.org\n`,
  );
  process.exitCode = 1;
}
