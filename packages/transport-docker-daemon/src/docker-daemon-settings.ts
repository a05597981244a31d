import type { SystemContext } from "@drayage/core";

/** How a `dockerDaemon()` finds and reaches an engine. */
export interface DockerDaemonSettings {
  /**
   * Where it listens: `unix:///run/docker.sock`, `tcp://HOST:PORT`, `http://…` or `https://…`. Default: what
   * `DOCKER_HOST`, `DOCKER_CONTEXT` or the current context of docker's `config.json` says, else the first socket that is
   * there of Docker and then of Podman.
   */
  readonly host?: string | undefined;
  /**
   * A folder with `ca.pem`, who vouches for the engine, and `cert.pem` with `key.pem`, who we are; `tcp:` speaks TLS then.
   * Default: those of the context, else `DOCKER_CERT_PATH`, else docker's own folder where `DOCKER_TLS_VERIFY` is set.
   */
  readonly certDir?: string | undefined;
  /**
   * Whether an engine that speaks TLS need not prove who it is. With false `tcp:` speaks TLS, and `http:` is refused.
   * Default: what the context says, else engines that speak TLS have to prove who they are.
   */
  readonly insecure?: boolean | undefined;
  /** Default `drayage`. */
  readonly userAgent?: string | undefined;
  /** Milliseconds without a sign of life after which an engine that is waited for counts as gone. Default 600 000. */
  readonly idleTimeout?: number | undefined;
  /** Where files and variables are looked up that nobody named. */
  readonly system?: SystemContext | undefined;
}
