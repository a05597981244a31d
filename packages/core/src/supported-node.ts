import { ImageError } from "./names/image-error.ts";

/**
 * Every entry of this package imports it first, and every package of the project imports one. So an old Node reports
 * what it needs to be, before other code fails on what it lacks. Only an import by name of what a built-in module does
 * not export fails earlier: newer exports are read from the default import.
 */
const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
// 23 has what 22.19 has since 23.8
const required = major === 23 ? "23.8" : "22.19";
const [requiredMajor = 0, requiredMinor = 0] = required.split(".").map(Number);

if (major < requiredMajor || (major === requiredMajor && minor < requiredMinor)) {
  const message = `Drayage needs Node ${required} or later, this is ${node}: install a newer one, see https://nodejs.org`;
  throw new ImageError("unsupported", message);
}
