/** A message that does not affect the result. */
export type Notice =
  /** A message of a server, in a `Warning` header. */
  | { readonly kind: "warning"; readonly host: string; readonly text: string }
  /** A consequence of an operation that users may not expect. */
  | { readonly kind: "caution"; readonly text: string }
  /** The rate limit of a host and the remaining requests. */
  | {
      readonly kind: "rate-limit";
      readonly host: string;
      readonly limit: number;
      readonly remaining: number;
      /** Seconds; undefined if the host does not report it. */
      readonly window: number | undefined;
      /** The client that the limit applies to: an address or an account; undefined if the host does not report it. */
      readonly source: string | undefined;
    }
  /** Parts of an image that the target format of a conversion has no field for. */
  | { readonly kind: "loss"; readonly text: string }
  /** A part that was not copied. */
  | { readonly kind: "left-out"; readonly text: string }
  /** A default configuration file that was ignored. */
  | { readonly kind: "configuration"; readonly text: string }
  /** The cache is not used as configured. */
  | { readonly kind: "cache"; readonly text: string }
  /** The copy waits for another process. The text contains its user, PID, host and start time. */
  | { readonly kind: "lock"; readonly text: string };
