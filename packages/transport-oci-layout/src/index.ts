export type { OCILayoutReference } from "./oci-layout-reference.ts";
export type { OCILayoutSettings } from "./oci-layout-settings.ts";
export { ociLayout } from "./oci-layout-transport.ts";
