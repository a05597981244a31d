import { isDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { ErrorResponse } from "./http/error-response.ts";

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const namePattern = new RegExp(`^${component}(?:/${component})*$`);
const maxNameLength = 255;

/** OCI distribution-spec, "Pulling manifests". @throws ErrorResponse `NAME_INVALID` */
export function checkName(name: string): void {
  if (name.length <= maxNameLength && namePattern.test(name)) return;
  throw new ErrorResponse("NAME_INVALID", `A repository name must match ${namePattern.source}`, {
    detail: { name },
  });
}

/** @throws ErrorResponse `DIGEST_INVALID` */
export function checkedDigest(text: string | null): Digest {
  if (isDigest(text)) return text;
  throw new ErrorResponse(
    "DIGEST_INVALID",
    "Not a digest; use sha256: and 64 lower-case hex digits",
    {
      detail: { digest: text },
    },
  );
}
