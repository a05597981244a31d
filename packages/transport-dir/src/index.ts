export type { DirectorySettings } from "./directory-destination.ts";
export type { DirectoryReference } from "./directory-reference.ts";
export { directory } from "./directory-transport.ts";
