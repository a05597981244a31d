import { describe, expect, test } from "vitest";

import { conformance } from "../../src/conformance/conformance.ts";
import { blobDetails } from "./blob-details.ts";
import { contentDetails } from "./content-details.ts";
import { copyDetails } from "./copy-details.ts";
import { deleteDetails } from "./delete-details.ts";
import { destinationDetails } from "./destination-details.ts";
import { referenceDetails } from "./reference-details.ts";
import { sourceDetails } from "./source-details.ts";

const details = {
  ...referenceDetails,
  ...destinationDetails,
  ...blobDetails,
  ...sourceDetails,
  ...contentDetails,
  ...copyDetails,
  ...deleteDetails,
};

describe.each(Object.entries(details))("%s", (id, transports) => {
  test.each(Object.entries(transports))(
    "fails if a transport %s",
    async (_, [subjectOf, message]) => {
      const checks = await conformance(await subjectOf());
      const check = checks.find(({ name }) => name.startsWith(`${id}:`));
      expect(check).toBeDefined();
      await expect(check?.run()).rejects.toThrow(message);
    },
  );
});
