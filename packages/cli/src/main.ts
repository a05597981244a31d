#!/usr/bin/env node
// Only syntax that old versions of Node parse, and no static import: those load before any code runs.
const { node } = process.versions;
const [major = 0, minor = 0, patch = 0] = node.split(".").map(Number);
const required = "22.22.2";
// 23 ended before 22.22 came, and lacks what that added
const isSupported = major >= 24 || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));

if (isSupported) {
  void import("./start.ts");
} else {
  process.stderr.write(
    `drayage: needs Node ${required} or later, this is ${node}: install a newer one, see https://nodejs.org\n`,
  );
  process.exitCode = 1;
}
