import type * as SDK from "@aws-sdk/client-s3";
import { isImageError, Retries } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { AdaptiveLimit, environmentProxies } from "@drayage/transport-kit/wire";
import type { FindProxy } from "@drayage/transport-kit/wire";

import type { S3Settings } from "../s3-settings.ts";
import { retryAfterOf, s3Error } from "./s3-error.ts";
import type { S3Error } from "./s3-error.ts";
import type { S3RequestContext } from "./s3-failure.ts";

/** Asks one thing of a store. */
export type S3Request<Output> = (
  client: SDK.S3Client,
  sdk: typeof SDK,
  options: { readonly abortSignal?: AbortSignal },
) => Promise<Output>;

type RequestContext = Pick<S3RequestContext, "action" | "bucket" | "key">;

/** The way to a store. The SDK is only loaded when the first request is sent. */
export class Connection {
  readonly #settings: S3Settings;
  readonly #findProxy: FindProxy;
  #opened: Promise<{ readonly client: SDK.S3Client; readonly sdk: typeof SDK }> | undefined;
  #origin: URL | undefined;
  readonly #limit = new AdaptiveLimit({ max: maxRequests, growth: 1 });

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.#findProxy =
      settings.client === undefined ? environmentProxies(settings.system) : () => undefined;
  }

  /** Where requests went to, without a bucket in the name of the host; undefined before the first. */
  get origin(): URL | undefined {
    return this.#origin;
  }

  /** Whether it is Amazon's, as far as the requests so far tell. */
  get isAWS(): boolean {
    return /\.amazonaws\.com(?:\.cn)?$/.test(this.#origin?.hostname ?? "");
  }

  /** Whether nothing is signed, and nothing can be. */
  get isAnonymous(): boolean {
    return this.#settings.credentials === "anonymous";
  }

  /** Sends a request, again where what failed may pass. @throws S3Error; an abort's own reason */
  async send<Output>(
    context: RequestContext,
    request: S3Request<Output>,
    { signal, retries = new Retries() }: OperationOptions = {},
  ): Promise<Output> {
    for (let attempt = 1; ; attempt++) {
      let sentAt = Infinity;
      try {
        const { client, sdk } = await this.#open();
        using _ = await this.#limit.acquire(signal);
        sentAt = performance.now();
        const output = await request(
          client,
          sdk,
          signal === undefined ? {} : { abortSignal: signal },
        );
        this.#limit.succeeded();
        return output;
      } catch (cause) {
        signal?.throwIfAborted();
        if (isImageError(cause)) throw cause;
        const error = this.errorOf(cause, context);
        const operation = `${context.action} s3://${context.bucket}/${context.key}`;
        const failed = { error, attempt, operation, retryAfter: retryAfterOf(cause) };
        const isSlower = busyCodes.has(error.s3Code) && this.#limit.slowDown(sentAt);
        using _ = isSlower ? this.#limit.hold() : undefined;
        if (!(await retries.waitForRetry(failed, signal))) throw error;
      }
    }
  }

  /** What failed, in words. */
  errorOf(cause: unknown, context: RequestContext): S3Error {
    const proxy = this.#origin && this.#findProxy(this.#origin);
    const through = proxy === undefined ? "" : ` (asked through the proxy ${proxy.host})`;
    const host = this.#origin && this.#origin.host + through;
    return s3Error(cause, { ...context, host, isAnonymous: this.isAnonymous });
  }

  async #open(): Promise<{ readonly client: SDK.S3Client; readonly sdk: typeof SDK }> {
    this.#opened ??= this.#connect();
    return this.#opened;
  }

  async #connect(): Promise<{ readonly client: SDK.S3Client; readonly sdk: typeof SDK }> {
    const sdk = await import("@aws-sdk/client-s3");
    const client = this.#settings.client ?? (await newClient(sdk, this.#settings, this.#findProxy));
    client.middlewareStack.add(
      (next) => async (given) => {
        this.#origin = originOf(given) ?? this.#origin;
        return next(given);
      },
      { step: "finalizeRequest" },
    );
    return { client, sdk };
  }
}

/** Requests at once. */
const maxRequests = 128;

const busyCodes = new Set(["SlowDown", "ServiceUnavailable", "Throttling", "TooManyRequests"]);

/** What is not said is left to the SDK, which would take an undefined for an answer. */
async function newClient(
  sdk: typeof SDK,
  settings: S3Settings,
  findProxy: FindProxy,
): Promise<SDK.S3Client> {
  const { newHTTPHandler } = await import("./http-handler.ts");
  const { endpoint, forcePathStyle = endpoint !== undefined || undefined } = settings;
  const { region, profile, idleTimeout = 60_000 } = settings;
  const config: SDK.S3ClientConfig = {
    ...(endpoint !== undefined && { endpoint }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...identityOf(settings),
    // What may be tried again is decided once for a whole copy.
    maxAttempts: 1,
    // Every part is signed with its SHA-256 and every blob verified; CRC32 on top is more than some stores take.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: newHTTPHandler({ idleTimeout, findProxy }),
  };
  const client = new sdk.S3Client(config);
  try {
    await client.config.region();
    return client;
  } catch {
    return new sdk.S3Client({ ...config, region: "us-east-1" });
  }
}

/** The SDK wants credentials also where nothing is signed with them. */
function identityOf({
  credentials,
}: S3Settings): Pick<SDK.S3ClientConfig, "credentials" | "signer"> {
  if (credentials === undefined) return {};
  if (credentials !== "anonymous")
    return { credentials: credentials as NonNullable<SDK.S3ClientConfig["credentials"]> };
  return {
    credentials: { accessKeyId: "", secretAccessKey: "" },
    signer: { sign: async (request) => request },
  };
}

function originOf(given: { readonly input: object; readonly request: unknown }): URL | undefined {
  const { Bucket } = given.input as { readonly Bucket?: string };
  const {
    protocol,
    hostname = "",
    port,
  } = Object(given.request) as Partial<Record<string, string>>;
  const prefix = `${Bucket}.`;
  const host = hostname.startsWith(prefix) ? hostname.slice(prefix.length) : hostname;
  return URL.parse(`${protocol}//${host}${port === undefined ? "" : `:${port}`}`) ?? undefined;
}
