import { defineConfig } from "tsdown";

import base from "../../tsdown.config.ts";

/** All that runs, in one folder, so that an installed `drayage` starts without looking for packages. */
export default defineConfig({
  ...base,
  entry: "src/main.ts",
  dts: false,
  exports: false,
  inputOptions: { resolve: { conditionNames: ["@drayage/source", "node", "import", "default"] } },
  plugins: [
    {
      name: "quick-builtins",
      resolveId: withoutSubprocesses,
      load: nothing,
      renderChunk: quickBuiltins,
    },
  ],
});

const emptyModule = "\0empty";

/** commander only wants child processes for commands that are programs of their own. */
function withoutSubprocesses(source: string, importer: string | undefined): string | undefined {
  const isUseless = source === "node:child_process" && importer?.includes("/commander/");
  return isUseless ? emptyModule : undefined;
}

function nothing(id: string): string | undefined {
  return id === emptyModule ? "export default undefined;" : undefined;
}

/**
 * An `import` of a built-in module calls every getter in it (`process.stdin` opens standard input), which is 2 to 4 ms
 * for each of the larger ones. Taken from the process they are as they are.
 */
function quickBuiltins(code: string): string {
  return code.replaceAll(
    /^import (?:(\w+)|\{([^}]*)\}) from "(node:[\w/]+)";$/gm,
    (_, whole: string | undefined, names: string | undefined, module: string) =>
      `const ${whole ?? `{${names?.replaceAll(" as ", ": ")}}`} = globalThis.process.getBuiltinModule("${module}");`,
  );
}
