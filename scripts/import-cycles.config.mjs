/** The interfaces of the contract refer to each other: a reference opens a source, which has its reference. */
const contract =
  "^packages/core/src/contract/image-(?:transport|reference|source|destination|listing)[.]ts$";

/** Rules for dependency-cruiser: no import cycles, type-only ones included, except in the contract. */
export default {
  forbidden: [
    {
      name: "no-import-cycles",
      comment: "Move the shared declaration to another file.",
      severity: "error",
      from: { pathNot: contract },
      to: { circular: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@drayage/source", "import", "default"],
      extensions: [".ts", ".mjs"],
    },
  },
};
