import type * as SDK from "@aws-sdk/client-s3";
import { isImageError, Retries } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { AdaptiveLimit, environmentProxies } from "@drayage/transport-kit/wire";
import type { FindProxy } from "@drayage/transport-kit/wire";

import type { S3Settings } from "../s3-settings.ts";
import { retryAfterOf, s3Error } from "./s3-error.ts";
import type { S3Error } from "./s3-error.ts";
import type { S3RequestContext } from "./s3-failure.ts";

/** Sends one request to a store. */
export type S3Request<Output> = (
  client: SDK.S3Client,
  sdk: typeof SDK,
  options: { readonly abortSignal?: AbortSignal },
) => Promise<Output>;

type RequestContext = Pick<S3RequestContext, "action" | "bucket" | "key">;

/** A client of a store. Loads the SDK when the first request is sent. */
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

  /** The origin of the last request, without the bucket in its host name; undefined before the first request. */
  get origin(): URL | undefined {
    return this.#origin;
  }

  /** Whether the last request went to AWS. False before the first request. */
  get isAWS(): boolean {
    return /\.amazonaws\.com(?:\.cn)?$/.test(this.#origin?.hostname ?? "");
  }

  /** Whether requests are sent without a signature. */
  get isAnonymous(): boolean {
    return this.#settings.credentials === "anonymous";
  }

  /** Sends a request, with retries. @throws S3Error; the reason of an abort */
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

  /** Converts an error of the SDK. */
  errorOf(cause: unknown, context: RequestContext): S3Error {
    const proxy = this.#origin && this.#findProxy(this.#origin);
    const through = proxy === undefined ? "" : ` (through the proxy ${proxy.host})`;
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
      (next) => async (command) => {
        this.#origin = originOf(command) ?? this.#origin;
        return next(command);
      },
      { step: "finalizeRequest" },
    );
    return { client, sdk };
  }
}

/** How many requests are sent at once. */
const maxRequests = 128;

const busyCodes = new Set(["SlowDown", "ServiceUnavailable", "Throttling", "TooManyRequests"]);

/** Omits absent settings: the SDK applies its defaults only to absent fields. */
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
    // Retries are decided once for the whole copy.
    maxAttempts: 1,
    // Every part is signed with its SHA-256, and every blob is verified. Some stores reject an additional CRC32.
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

/** The SDK requires credentials even if it signs nothing. */
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

function originOf(command: { readonly input: object; readonly request: unknown }): URL | undefined {
  const { Bucket } = command.input as { readonly Bucket?: string };
  const {
    protocol,
    hostname = "",
    port,
  } = Object(command.request) as Partial<Record<string, string>>;
  const prefix = `${Bucket}.`;
  const host = hostname.startsWith(prefix) ? hostname.slice(prefix.length) : hostname;
  return URL.parse(`${protocol}//${host}${port === undefined ? "" : `:${port}`}`) ?? undefined;
}
