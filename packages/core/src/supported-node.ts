import { ImageError } from "./names/image-error.ts";

/**
 * Rejects unsupported versions of Node with a clear message. Every entry of this package imports this module first, and
 * every Drayage package imports such an entry, so it runs before other code can fail on a missing feature. A named import
 * that a built-in module does not export fails even earlier; use the default import for recent exports.
 */
const { node } = process.versions;
const [major = 0, minor = 0, patch = 0] = node.split(".").map(Number);
const required = "22.22.2";
// Node 23 ended before 22.22 was released, and lacks its additions.
const isSupported = major >= 24 || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));

if (!isSupported) {
  const message = `Drayage needs Node ${required} or later, this is ${node}: install a newer one, see https://nodejs.org`;
  throw new ImageError("unsupported", message);
}
