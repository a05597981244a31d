import { ImageError } from "./names/image-error.ts";

/**
 * Every entry of this package imports it first, and every package of the project imports one. So an old Node reports
 * what it needs to be, before other code fails on what it lacks. Only an import by name of what a built-in module does
 * not export fails earlier: newer exports are read from the default import.
 */
const { node } = process.versions;
const [major = 0, minor = 0, patch = 0] = node.split(".").map(Number);
const required = "22.22.2";
// 23 ended before 22.22 came, and lacks what that added
const isSupported = major >= 24 || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));

if (!isSupported) {
  const message = `Drayage needs Node ${required} or later, this is ${node}: install a newer one, see https://nodejs.org`;
  throw new ImageError("unsupported", message);
}
