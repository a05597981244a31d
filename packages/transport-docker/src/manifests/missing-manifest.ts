import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isTag } from "@drayage/core/reference";
import { closestMatch } from "@drayage/core/text";

import type { HTTPResponse } from "../http/http-exchange.ts";
import {
  hasCode,
  readErrorResponse,
  RegistryError,
  registryError,
} from "../http/registry-error.ts";
import { listFirstTags } from "../listings/tag-list.ts";
import type { Repository } from "../registry/repository.ts";

const maxShown = 10;

/** The error for a manifest that was not returned. For a missing one it lists the available tags. */
export async function explainMissing(
  response: HTTPResponse,
  repository: Repository,
  wanted: string,
  options: OperationOptions,
): Promise<RegistryError> {
  const errorResponse = await readErrorResponse(response);
  const operation = `read the manifest ${wanted} of ${repository.name}`;
  if (errorResponse.status !== 404) return registryError(errorResponse, operation);
  const advice = hasCode(errorResponse, "NAME_UNKNOWN")
    ? noRepository(repository)
    : await adviseTag(repository, wanted, options);
  return registryError(errorResponse, operation, "not-found", advice);
}

function noRepository({ name }: Repository): string {
  return `the repository ${name} does not exist`;
}

async function adviseTag(
  repository: Repository,
  wanted: string,
  options: OperationOptions,
): Promise<string | undefined> {
  if (repository.isMirror || !isTag(wanted)) return undefined;
  try {
    const tags = await listFirstTags(repository, options);
    if (tags.length === 0) return "the repository has no tags";
    const nearest = closestMatch(wanted, tags);
    const shown = tags.slice(0, maxShown).join(", ");
    const rest = tags.length > maxShown ? ` and ${tags.length - maxShown} more` : "";
    return `${nearest === undefined ? "" : `did you mean ${nearest}? `}available tags: ${shown}${rest}`;
  } catch (error) {
    options.signal?.throwIfAborted();
    const isUnknown = error instanceof RegistryError && hasCode(error, "NAME_UNKNOWN");
    if (isUnknown) return noRepository(repository);
    if (isImageError(error)) return undefined;
    throw error;
  }
}
