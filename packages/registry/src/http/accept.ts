import { ErrorResponse } from "./error-response.ts";

/**
 * Rejects a request whose `Accept` does not include the type of the manifest. Registries need not do this, but
 * otherwise tests would not find a missing `Accept` (RFC 9110, section 12.5.1). @throws ErrorResponse with status 406
 */
export function checkAccept(accept: string | undefined, mediaType: string): void {
  if (accept === undefined || accept.split(",").some((range) => accepts(range, mediaType))) return;
  throw new ErrorResponse(
    "UNSUPPORTED",
    `The type of the manifest is ${mediaType}, which Accept does not include`,
    {
      status: 406,
      detail: { accept },
    },
  );
}

function accepts(range: string, mediaType: string): boolean {
  const [wanted = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  if (parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return false;
  return wanted === "*/*" || wanted === mediaType || wanted === `${mediaType.split("/")[0]}/*`;
}
