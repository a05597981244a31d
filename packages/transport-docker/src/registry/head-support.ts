import type { OperationOptions } from "@drayage/core";

import type { HTTPResponse } from "../http/http-exchange.ts";
import type { Repository, RepositoryAction } from "./repository.ts";

/** Whether a registry implements HEAD for one kind of content, as far as its responses have shown. */
export class HeadSupport {
  /** A HEAD request was answered like a GET request: a 404 can be trusted. */
  isReliable = false;
  /** A GET request found what a HEAD request did not: HEAD is not sent any more. */
  isMissing = false;

  learn(head: number, get: number): void {
    const isDenied = head === 401 || head === 403;
    if (isFound(get)) this.isMissing = true;
    else if (isDenied && head === get) this.isReliable = true;
  }
}

/** A request for the headers of a manifest or a blob. */
export interface PresenceRequest extends OperationOptions {
  readonly kind: "manifests" | "blobs";
  /** Tag or digest. */
  readonly name: string;
  readonly action: RepositoryAction;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent with GET only. */
  readonly headersOfGet?: Readonly<Record<string, string>> | undefined;
  /** Bytes, for GET. */
  readonly wholeUpTo?: number | undefined;
  /**
   * Whether a 404 has to be right: it is then checked by GET until the registry has shown that it implements HEAD.
   * Else a 404 may hide what is there.
   */
  readonly confirmAbsence: boolean;
}

/**
 * The response to HEAD or, from a registry that does not implement HEAD, to GET; its body is to be read or discarded.
 * Registries that implement HEAD get no additional request, but for a 404 that has to be right.
 */
export async function requestPresence(
  repository: Repository,
  { kind, name, confirmAbsence, headers, headersOfGet, wholeUpTo, ...rest }: PresenceRequest,
): Promise<HTTPResponse> {
  const request = { ...rest, target: `${kind}/${name}`, headers };
  const get = async (): Promise<HTTPResponse> =>
    repository.request({
      ...request,
      method: "GET",
      headers: { ...headers, ...headersOfGet },
      wholeUpTo,
    });
  const support = repository.registry.headSupport[kind];
  if (support.isMissing) return get();
  const response = await repository.request({ ...request, method: "HEAD" });
  if (isFound(response.status)) support.isReliable = true;
  if (!isDoubtful(response.status, support, confirmAbsence)) return response;
  await response.discard();
  const second = await get();
  support.learn(response.status, second.status);
  return second;
}

/** Whether the status is that of content that is there: also of a range that is not, of an empty blob. */
export function isFound(status: number): boolean {
  return status === 200 || status === 206 || status === 416;
}

function isDoubtful(status: number, { isReliable }: HeadSupport, confirmAbsence: boolean): boolean {
  if (status === 405 || status === 501) return true;
  if (isReliable) return false;
  return status === 404 ? confirmAbsence : [400, 401, 403, 406].includes(status);
}
