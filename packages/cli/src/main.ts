#!/usr/bin/env node
// Uses only syntax that old versions of Node parse. Imports dynamically, because static imports load before any code
// runs.
const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
// Node 23.8 has the features of 22.19.
const required = major === 23 ? "23.8" : "22.19";
const [requiredMajor = 0, requiredMinor = 0] = required.split(".").map(Number);

if (major > requiredMajor || (major === requiredMajor && minor >= requiredMinor)) {
  void import("./start.ts");
} else {
  process.stderr.write(
    `drayage: requires Node ${required} or later, but this is ${node}; install a newer version from https://nodejs.org\n`,
  );
  process.exitCode = 1;
}
