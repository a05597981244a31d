#!/usr/bin/env node
// Only syntax that old versions of Node parse, and no static import: those load before any code runs.
const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
// 23 has what 22.19 has since 23.8
const required = major === 23 ? "23.8" : "22.19";
const [requiredMajor = 0, requiredMinor = 0] = required.split(".").map(Number);

if (major > requiredMajor || (major === requiredMajor && minor >= requiredMinor)) {
  void import("./start.ts");
} else {
  process.stderr.write(
    `drayage: needs Node ${required} or later, this is ${node}: install a newer one, see https://nodejs.org\n`,
  );
  process.exitCode = 1;
}
