/** Options of `signaturePolicy` and `judgeImage`. */
export interface PolicyOptions {
  /** The name of the policy in error messages, such as its file. */
  readonly name?: string | undefined;
  /** The time at which keys and certificates must be valid. Default: now. */
  readonly now?: (() => Date) | undefined;
  /** Reject images whose scope requires no signature. Default false. */
  readonly requireSigned?: boolean | undefined;
}
