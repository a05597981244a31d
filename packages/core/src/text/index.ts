import "../supported-node.ts";

export { nearestOf } from "./nearest-word.ts";
export { messageLine, printable, printableLines, shortened } from "./printable.ts";
