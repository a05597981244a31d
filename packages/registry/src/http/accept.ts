import { Refusal } from "./refusal.ts";

/**
 * Refuses to give a manifest to a client that did not say it can read its type. A registry may do otherwise; but then a
 * forgotten `Accept` is only found out elsewhere (RFC 9110, section 12.5.1).
 * @throws Refusal with status 406
 */
export function checkAccept(accept: string | undefined, mediaType: string): void {
  if (accept === undefined || accept.split(",").some((range) => takes(range, mediaType))) return;
  throw new Refusal("UNSUPPORTED", `The manifest is ${mediaType}, which Accept leaves out`, {
    status: 406,
    detail: { accept },
  });
}

function takes(range: string, mediaType: string): boolean {
  const [wanted = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  if (parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return false;
  return wanted === "*/*" || wanted === mediaType || wanted === `${mediaType.split("/")[0]}/*`;
}
