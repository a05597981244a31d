/** How many compressed forms, and how many locations, are returned for one digest: the newest ones. */
export const maxEntries = 5;
