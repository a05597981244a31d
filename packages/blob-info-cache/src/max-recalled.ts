/** How many blobs and how many locations are returned of one digest, the latest first. */
export const maxRecalled = 5;
