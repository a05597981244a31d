/** The four interfaces of the contract refer to each other: a reference opens a source, which names its reference. */
const contract =
  "^packages/core/src/contract/image-(?:transport|reference|source|destination)[.]ts$";

/** Rules for dependency-cruiser: no cycle of imports, not even of types, but for the contract's own. */
export default {
  forbidden: [
    {
      name: "no-import-cycles",
      comment: "Move what both files need into a file of its own, or into the file that owns it.",
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
