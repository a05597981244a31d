export { recordDisk } from "./disk-log.ts";
export { contentOf, scratchFolder } from "./scratch.ts";
export { ended, nextMessage, startProgram } from "./programs.ts";
export { startProxy } from "./proxy-server.ts";
export type { ProxyServer } from "./proxy-server.ts";
