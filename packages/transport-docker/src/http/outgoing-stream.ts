/** A stream that is sent to a registry. */
export interface OutgoingStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Throws the error of the stream itself, if it failed. */
  throwIfFailed(): void;
}

/** Separates the errors of a stream from those of its connection. */
export function outgoingStream(bytes: AsyncIterable<Uint8Array>): OutgoingStream {
  let failure: { readonly error: unknown } | undefined;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* bytes;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  return {
    bytes: watched(),
    throwIfFailed() {
      if (failure !== undefined) throw failure.error;
    },
  };
}
