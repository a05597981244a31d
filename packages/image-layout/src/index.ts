export { deleteLayoutImage } from "./delete-image.ts";
export { imageNamesIn } from "./image-names.ts";
export {
  formatSelector,
  isImageName,
  isSelectableName,
  nameToWrite,
  parseLayoutPath,
  parseSelector,
} from "./image-selector.ts";
export type { ImageSelector } from "./image-selector.ts";
export { digestsUnder } from "./image-tree.ts";
export type { TypedDigest } from "./image-tree.ts";
export { LayoutDestination } from "./layout-destination.ts";
export type { LayoutDestinationSettings } from "./layout-destination.ts";
export { layoutFile } from "./layout-file.ts";
export {
  descriptorOfEntry,
  emptyIndex,
  formatLayoutIndex,
  indexSizeLimit,
  isWholeIndex,
  nameOfEntry,
  parseLayoutIndex,
  withImage,
  withoutEntry,
} from "./layout-index.ts";
export type { EntryDescriptor, IndexEntry, LayoutIndex } from "./layout-index.ts";
export { LayoutSource } from "./layout-source.ts";
export type {
  IndexChange,
  LayoutFileName,
  LayoutPresence,
  LayoutReader,
  LayoutStore,
  LayoutWriter,
  StoredBlob,
} from "./layout-store.ts";
export { storedSizeOf } from "./stored-size.ts";
