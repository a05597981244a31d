/** The flags that select the policy. */
export interface PolicyFlags {
  readonly policy?: string;
  readonly insecurePolicy?: true;
  readonly requirePolicy?: true;
}
