import type { SystemContext } from "@drayage/core";

/** Settings of `dockerDaemon()`. */
export interface DockerDaemonSettings {
  /**
   * The address of the engine: `unix:///run/docker.sock`, `tcp://HOST:PORT`, `http://…` or `https://…`. Default:
   * `DOCKER_HOST`, else the context in `DOCKER_CONTEXT` or docker's `config.json`, else the first existing socket of
   * Docker or Podman.
   */
  readonly host?: string | undefined;
  /**
   * A folder with `ca.pem` (the certificate authority of the engine), `cert.pem` and `key.pem` (the client certificate).
   * With it, `tcp:` uses TLS. Default: that of the context, else `DOCKER_CERT_PATH`, else docker's folder if
   * `DOCKER_TLS_VERIFY` is set.
   */
  readonly certDir?: string | undefined;
  /**
   * Whether the certificate of the engine need not be trusted. False requires TLS: `tcp:` uses it, and `http:` is rejected.
   * Default: the setting of the context, else untrusted certificates are rejected.
   */
  readonly insecure?: boolean | undefined;
  /** The `User-Agent` header. Default: `drayage`. */
  readonly userAgent?: string | undefined;
  /** Milliseconds without data after which a request fails. Default 600 000. */
  readonly idleTimeout?: number | undefined;
  /** The environment and root folder for default files and variables. */
  readonly system?: SystemContext | undefined;
}
