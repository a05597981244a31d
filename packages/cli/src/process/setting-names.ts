/** Removes the names of settings of the libraries that are no flags of the command. */
export function withoutSettings(message: string): string {
  return message.replaceAll(' (setting "idleTimeout")', "");
}
