/** The content of a verified OpenPGP message. */
export interface OpenedMessage {
  readonly content: Uint8Array;
  /** The fingerprint of the primary key, in upper-case hex digits, also if a subkey made the signature. */
  readonly fingerprint: string;
}
