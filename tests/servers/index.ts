export { isCephInstalled, startCeph } from "./ceph.ts";
export type { Ceph } from "./ceph.ts";
export { distributionProgram, startDistribution } from "./distribution.ts";
export type { Distribution, DistributionSettings } from "./distribution.ts";
export { dockerdProgram, startDockerd } from "./dockerd.ts";
export type { Dockerd, DockerdSettings } from "./dockerd.ts";
export { startTokenServer } from "./token-server.ts";
export type { TokenServer, TokenServerSettings, TrustedTokens } from "./token-server.ts";
