export type { DirectoryDestination, DirectorySettings } from "./directory-destination.ts";
export type { DirectoryReference } from "./directory-reference.ts";
export type { DirectorySource } from "./directory-source.ts";
export type { FolderReference } from "./folder-reference.ts";
export { directory } from "./directory-transport.ts";
