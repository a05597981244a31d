export { layerDecrypter } from "./layer-decrypter.ts";
export type { DecryptionKey } from "./private-key.ts";
export { layerEncrypter } from "./layer-encrypter.ts";
export type { Recipient } from "./recipient.ts";
export type { KeyMaterial } from "./key-material.ts";
