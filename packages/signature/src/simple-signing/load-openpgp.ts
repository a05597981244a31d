import { ImageError } from "@drayage/core";
import type * as openpgpModule from "openpgp";

import { maxMessageBytes } from "./packets.ts";

/** The library for OpenPGP, which is loaded only when a simple signature is made or verified. */
export type OpenPGP = typeof openpgpModule;

/** @throws ImageError `unsupported` if the library is not installed */
export async function loadOpenPGP(): Promise<OpenPGP> {
  try {
    const openpgp = await import("openpgp");
    openpgp.config.showVersion = false;
    openpgp.config.maxDecompressedMessageSize = maxMessageBytes;
    return openpgp;
  } catch (cause) {
    const advice = "install it with npm install openpgp";
    throw new ImageError("unsupported", `Simple signing needs the package openpgp; ${advice}`, {
      cause,
    });
  }
}
