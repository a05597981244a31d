import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { DockerDaemonSettings } from "../docker-daemon-settings.ts";
import { findEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { codeOf, isTransient, messageIn } from "./engine-error.ts";
import { startExchange, readText } from "./exchange.ts";
import type { Exchange, EngineResponse, EngineRequest, TextResponse } from "./exchange.ts";

/** Milliseconds. */
const defaultIdleTimeout = 600_000;
/** Milliseconds. A working engine responds to a ping at once, also while it is busy. */
const maxPingTime = 30_000;
/** Bytes: a list of more than ten thousand images. */
const maxTextSize = 32 << 20;

interface EngineCall extends Pick<EngineRequest, "method" | "path">, OperationOptions {}

/** A client of a Docker Engine, or of Podman through the same API (Docker Engine API). */
export class Engine {
  readonly #endpoint: Endpoint;
  readonly #userAgent: string;
  readonly #idleTimeout: number;
  /** The prefix of each path. */
  readonly #version: string;

  private constructor(endpoint: Endpoint, settings: DockerDaemonSettings, version: string) {
    this.#endpoint = endpoint;
    this.#userAgent = settings.userAgent ?? "drayage";
    this.#idleTimeout = settings.idleTimeout ?? defaultIdleTimeout;
    this.#version = version;
  }

  /**
   * Pings the engine to find its preferred API version. All versions have the requests used here, but every engine rejects
   * some versions.
   * @throws ImageError `unavailable`, `denied`, and as `findEndpoint`
   */
  static async connect(
    settings: DockerDaemonSettings,
    options: OperationOptions = {},
  ): Promise<Engine> {
    options.signal?.throwIfAborted();
    const endpoint = await findEndpoint(settings);
    const { idleTimeout = defaultIdleTimeout } = settings;
    const pingSettings = { ...settings, idleTimeout: Math.min(idleTimeout, maxPingTime) };
    const unversioned = new Engine(endpoint, pingSettings, "");
    const ping = await unversioned.sendForText({ method: "GET", path: "/_ping", ...options });
    const { "api-version": version } = ping.headers;
    if (ping.status === 404) throw unversioned.#notAnEngine(ping);
    if (ping.status !== 200) throw unversioned.errorFor(ping, "connect");
    if (ping.text.trim() !== "OK") throw unversioned.#notAnEngine(ping);
    const isVersion = typeof version === "string" && /^\d+\.\d+$/.test(version);
    return new Engine(endpoint, settings, isVersion ? `/v${version}` : "");
  }

  /** The address, for messages. */
  get name(): string {
    return this.#endpoint.name;
  }

  /** Sends a request and reads its short response. @throws ImageError `unavailable`, `denied` */
  async sendForText(call: EngineCall): Promise<TextResponse> {
    return readText(await this.send(call), maxTextSize);
  }

  /** Sends a request. The caller reads the body of the response. @throws ImageError `unavailable`, `denied` */
  async send(call: EngineCall): Promise<EngineResponse> {
    const { body, response } = this.start(call);
    body.end();
    return response;
  }

  /** Starts a request whose body the caller writes. */
  start({ method, path, signal }: EngineCall, type?: string): Exchange {
    return startExchange(this.#endpoint, {
      method,
      path: this.#version + path,
      headers: { "user-agent": this.#userAgent, ...(type && { "content-type": type }) },
      idleTimeout: this.#idleTimeout,
      signal,
    });
  }

  /** The error for an unexpected response. `operation` completes "Could not …". */
  errorFor({ status, text }: TextResponse, operation: string): ImageError {
    const detail = `the container engine ${this.name} answered ${status}: ${messageIn(text)}`;
    const retryable = isTransient(status);
    return new ImageError(codeOf(status), `Could not ${operation}: ${detail}`, { retryable });
  }

  /** The error that an engine reports after it has started to respond. */
  reportedError(operation: string, text: string): ImageError {
    const message = `Could not ${operation}: the container engine ${this.name} reported: ${text}`;
    return new ImageError("unavailable", message, { retryable: false });
  }

  #notAnEngine({ text }: TextResponse): ImageError {
    const message = `${this.name} is not a container engine: it responded with ${messageIn(text)}; check the address`;
    return new ImageError("unavailable", message, { retryable: false });
  }
}
