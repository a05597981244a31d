import type { Platform } from "@drayage/core";

/** The JSON fields of a platform in an index or a config (OCI image-spec). */
export function platformFields({ osVersion, osFeatures, ...fields }: Platform): object {
  return {
    ...fields,
    ...(osVersion !== undefined && { "os.version": osVersion }),
    ...(osFeatures !== undefined && { "os.features": osFeatures }),
  };
}
