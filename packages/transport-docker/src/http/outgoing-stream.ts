/** A stream on its way to a registry. */
export interface OutgoingStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Throws what the stream itself threw: then the registry is not to blame. */
  throwIfFailed(): void;
}

/** Keeps apart the failures of a stream and those of the connection that it goes out by. */
export function outgoing(bytes: AsyncIterable<Uint8Array>): OutgoingStream {
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
