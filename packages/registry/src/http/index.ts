import "@drayage/core";

export type { Answer, OpenRequest, ReceivedRequest, RequestHandler } from "./exchange.ts";
export { requestListener } from "./listener.ts";
export { RequestLog } from "./request-log.ts";
export type { LoggedRequest, OpenLogEntry } from "./request-log.ts";
export { openWebServer } from "./web-server.ts";
export type { WebServer } from "./web-server.ts";
