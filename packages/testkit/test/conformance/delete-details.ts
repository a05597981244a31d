import { ImageError } from "@drayage/core";

import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

const isVisible = /^expected a rejection, but the call succeeded/;
const deletesNothing = () => alteredMemory({ reference: () => ({ async deleteImage() {} }) });

export const deleteDetails: Details = {
  "delete/image": {
    "deletes nothing": [deletesNothing, isVisible],
  },
  "delete/unsupported": {
    "deletes the image although it rejects with unsupported": [
      () =>
        alteredMemory({
          subject: () => ({ deletes: false }),
          reference: ({ deleteImage }) => ({
            async deleteImage() {
              await deleteImage();
              throw new ImageError("unsupported", "Nothing is deleted");
            },
          }),
        }),
      /^No image/,
    ],
  },
  "delete/shared-blobs": {
    "deletes nothing": [deletesNothing, isVisible],
  },
};
