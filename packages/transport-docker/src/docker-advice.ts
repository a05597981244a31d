import { parseNamedReference } from "@drayage/core/reference";

/** Advice for a name without a transport that may be an image in a registry, as `ImageTransport.advise`. */
export function adviseOn(name: string): string | undefined {
  const url = /^https?:\/\/(.*)$/is.exec(name);
  if (url !== null) {
    return `a registry's image is written docker://${url[1]}, with no http://`;
  }
  const isFile = /^[./~\\]/.test(name) || /\.(?:tar(?:\.\w+)?|tgz)$/.test(name);
  const hasTransport = /^[a-z][a-z0-9+-]+:/i.test(name) && !isNameInRegistry(name);
  return isFile || hasTransport ? undefined : `for a registry write docker://${name}`;
}

/** True for `localhost:5000/alpine`, in which the colon follows a host. */
function isNameInRegistry(name: string): boolean {
  try {
    return parseNamedReference(name) !== undefined;
  } catch {
    return false;
  }
}
