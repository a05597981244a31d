export type { DockerDaemonReference, ImageInEngine } from "./docker-daemon-reference.ts";
export type { DockerDaemonSettings } from "./docker-daemon-settings.ts";
export { dockerDaemon } from "./docker-daemon-transport.ts";
