/** Something worth knowing that changes nothing; mostly the other side said it. */
export type Notice =
  /** What a server said itself, in a `Warning` header. */
  | { readonly kind: "warning"; readonly host: string; readonly text: string }
  /** A consequence of what a transport found or does that users may not expect. */
  | { readonly kind: "caution"; readonly text: string }
  /** How many requests a host allows in a time, and how many of them are left. */
  | {
      readonly kind: "rate-limit";
      readonly host: string;
      readonly limit: number;
      readonly remaining: number;
      /** Seconds; undefined where the host does not say. */
      readonly window: number | undefined;
      /** Whom the host counts: an address or an account; undefined where it does not say. */
      readonly source: string | undefined;
    }
  /** What an image has and the type of manifest or config that it is converted to has no field for. */
  | { readonly kind: "loss"; readonly text: string }
  /** Something was not copied, and the rest was. */
  | { readonly kind: "left-out"; readonly text: string }
  /** A configuration file was left out that no user named, and that others may need. */
  | { readonly kind: "configuration"; readonly text: string }
  /** What copies learn is not remembered as was asked for. */
  | { readonly kind: "cache"; readonly text: string }
  /** The copy waits for another process; the text names its user, its number, its host and since when. */
  | { readonly kind: "lock"; readonly text: string };
