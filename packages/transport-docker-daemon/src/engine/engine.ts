import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { DockerDaemonSettings } from "../docker-daemon-settings.ts";
import { findEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { codeOf, mayPass, wordsOf } from "./engine-error.ts";
import { beginExchange, startOf } from "./exchange.ts";
import type { BegunExchange, EngineAnswer, EngineRequest, ShortAnswer } from "./exchange.ts";

const defaultIdleTimeout = 600_000;
/** An engine that is well says so at once, whatever it is busy with. */
const longestGreeting = 30_000;
/** 32 MiB: a list of some ten thousand images. */
const longestShortAnswer = 32 << 20;

interface Question extends Pick<EngineRequest, "method" | "path">, OperationOptions {}

/** A Docker Engine, or a Podman that speaks like one (Docker Engine API). */
export class Engine {
  readonly #endpoint: Endpoint;
  readonly #userAgent: string;
  readonly #idleTimeout: number;
  /** Before each path. */
  readonly #version: string;

  private constructor(endpoint: Endpoint, settings: DockerDaemonSettings, version: string) {
    this.#endpoint = endpoint;
    this.#userAgent = settings.userAgent ?? "drayage";
    this.#idleTimeout = settings.idleTimeout ?? defaultIdleTimeout;
    this.#version = version;
  }

  /**
   * Greets the engine, and learns which version of its API it prefers: what is asked of it is in all versions, and each
   * engine refuses some of them.
   * @throws ImageError `unavailable`, `denied`, and as `findEndpoint`
   */
  static async connect(
    settings: DockerDaemonSettings,
    options: OperationOptions = {},
  ): Promise<Engine> {
    options.signal?.throwIfAborted();
    const endpoint = await findEndpoint(settings);
    const { idleTimeout = defaultIdleTimeout } = settings;
    const patience = { ...settings, idleTimeout: Math.min(idleTimeout, longestGreeting) };
    const stranger = new Engine(endpoint, patience, "");
    const greeting = await stranger.inquire({ method: "GET", path: "/_ping", ...options });
    const { "api-version": version } = greeting.headers;
    if (greeting.status === 404) throw stranger.#isNone(greeting);
    if (greeting.status !== 200) throw stranger.refusal(greeting, "reach it");
    if (greeting.text.trim() !== "OK") throw stranger.#isNone(greeting);
    const isVersion = typeof version === "string" && /^\d+\.\d+$/.test(version);
    return new Engine(endpoint, settings, isVersion ? `/v${version}` : "");
  }

  /** Where it listens, for messages. */
  get name(): string {
    return this.#endpoint.name;
  }

  /** A question with a short answer. @throws ImageError `unavailable`, `denied` */
  async inquire(question: Question): Promise<ShortAnswer> {
    return startOf(await this.ask(question), longestShortAnswer);
  }

  /** A question with an answer that has to be read. @throws ImageError `unavailable`, `denied` */
  async ask(question: Question): Promise<EngineAnswer> {
    const { body, answer } = this.begin(question);
    body.end();
    return answer;
  }

  /** A question with a body, which is to be written. */
  begin({ method, path, signal }: Question, type?: string): BegunExchange {
    return beginExchange(this.#endpoint, {
      method,
      path: this.#version + path,
      headers: { "user-agent": this.#userAgent, ...(type && { "content-type": type }) },
      idleTimeout: this.#idleTimeout,
      signal,
    });
  }

  /** What an answer means that is not what was asked for; `doing` completes "could not …". */
  refusal({ status, text }: ShortAnswer, doing: string): ImageError {
    const said = `the container engine ${this.name} answered ${status}: ${wordsOf(text)}`;
    const retryable = mayPass(status);
    return new ImageError(codeOf(status), `Could not ${doing}: ${said}`, { retryable });
  }

  /** What it says where it had begun to answer, or to do what it was asked. */
  problem(doing: string, words: string): ImageError {
    const message = `Could not ${doing}: the container engine ${this.name} says: ${words}`;
    return new ImageError("unavailable", message, { retryable: false });
  }

  #isNone({ text }: ShortAnswer): ImageError {
    const message = `At ${this.name} is no container engine: it answers with ${wordsOf(text)}; check the address`;
    return new ImageError("unavailable", message, { retryable: false });
  }
}
