export { contentOf, scratchFolder } from "./scratch.ts";
export { ended, nextMessage, startProgram } from "./programs.ts";
