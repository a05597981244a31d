import "../supported-node.ts";

export { digestTagsOf, referrersTagOf } from "../names/digest-tag.ts";
export {
  familiarNameOf,
  formatFamiliar,
  formatNamedReference,
  isTag,
  nameOf,
  parseNamedReference,
  withDefaultTag,
} from "../names/docker-reference.ts";
export {
  dockerPolicyIdentity,
  dockerPolicyNamespaces,
  parentFolders,
  validatePathScope,
} from "./policy-scope.ts";
