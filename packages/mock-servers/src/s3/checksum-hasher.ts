/** A checksum over bytes that arrive in pieces. */
export interface ChecksumHasher {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}
