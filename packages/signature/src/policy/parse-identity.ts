import { isImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { formatNamedReference, parseNamedReference } from "@drayage/core/reference";

import type { IdentityMatch } from "./identity-match.ts";
import { fieldAt, invalidPolicy, PolicyFields } from "./policy-fields.ts";

/** Parses `signedIdentity`. @throws ImageError `untrusted` */
export function parseIdentity(value: unknown, at: string): IdentityMatch {
  const fields = new PolicyFields(value, at);
  const match = identityIn(fields);
  fields.end();
  return match;
}

function identityIn(fields: PolicyFields): IdentityMatch {
  const type = fields.text("type");
  switch (type) {
    case "matchExact":
    case "matchRepoDigestOrExact":
    case "matchRepository":
      return { type };
    case "exactReference":
      return { type, dockerReference: referenceIn(fields, "dockerReference") };
    case "exactRepository":
      return { type, dockerRepository: repositoryIn(fields, "dockerRepository") };
    case "remapIdentity":
      return {
        type,
        prefix: prefixIn(fields, "prefix"),
        signedPrefix: prefixIn(fields, "signedPrefix"),
      };
    case "matchSubjectDigest":
      return { type, repositories: repositoriesIn(fields) };
    default:
      throw invalidPolicy(fieldAt(fields.at, "type"), `is not a known match: ${quoted(type)}`);
  }
}

function referenceIn(fields: PolicyFields, name: string): string {
  const text = fields.text(name);
  const { tag, digest } = parsed(text, fieldAt(fields.at, name));
  if (tag === undefined && digest === undefined)
    throw invalidPolicy(fieldAt(fields.at, name), "must have a tag or a digest");
  return text;
}

function repositoryIn(fields: PolicyFields, name: string): string {
  const text = fields.text(name);
  const { tag, digest } = parsed(text, fieldAt(fields.at, name));
  if (tag !== undefined || digest !== undefined)
    throw invalidPolicy(fieldAt(fields.at, name), "must not have a tag or a digest");
  return text;
}

/** A host with an optional port, or a repository or namespace. */
function prefixIn(fields: PolicyFields, name: string): string {
  const text = fields.text(name);
  const at = fieldAt(fields.at, name);
  const { tag, digest } = parsed(text.includes("/") ? text : `${text}/x`, at);
  if (tag === undefined && digest === undefined) return text;
  throw invalidPolicy(at, "must not have a tag or a digest");
}

/** Repositories and namespaces with their hosts, or hosts. A short name would mean another repository. */
function repositoriesIn(fields: PolicyFields): readonly string[] {
  const repositories = fields.optionalTexts("repositories");
  const at = fieldAt(fields.at, "repositories");
  if (repositories === undefined) throw invalidPolicy(at, "is missing");
  for (const [index, text] of repositories.entries()) {
    const name = text.includes("/") ? text : `${text}/x`;
    if (formatNamedReference(parsed(name, `${at}[${index}]`)) === name) continue;
    const advice = "must be a full name, such as docker.io/library/alpine or quay.io/team";
    throw invalidPolicy(`${at}[${index}]`, `${advice}, but is ${quoted(text)}`);
  }
  return repositories;
}

function parsed(text: string, at: string): NamedReference {
  try {
    return parseNamedReference(text);
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw invalidPolicy(at, `is invalid: ${error.message}`);
  }
}

/** Quotes text of a policy for messages. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
