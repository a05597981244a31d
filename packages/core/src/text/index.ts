import "../supported-node.ts";

export { closestMatch } from "./closest-match.ts";
export { printable, printableLines, singleLine, truncateMiddle } from "./printable.ts";
