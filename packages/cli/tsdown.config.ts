import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

// @boundaries-ignore a tool of the root
import { defineConfig } from "tsdown";

// @boundaries-ignore the root's settings
import base from "../../tsdown.config.ts";

/** Bundles everything into one folder: an installed `drayage` has no dependencies to resolve at startup. */
export default defineConfig({
  ...base,
  entry: "src/main.ts",
  dts: false,
  exports: false,
  // `main.ts` checks the version of Node itself.
  treeshake: true,
  sourcemap: false,
  // openpgp has the license LGPL, and is loaded only for simple signatures.
  deps: { alwaysBundle: /^(?!openpgp$)/, neverBundle: ["openpgp"] },
  inputOptions: { resolve: { conditionNames: ["@drayage/source", "node", "import", "default"] } },
  plugins: [
    {
      name: "without-subprocesses",
      // commander needs it only for commands in separate executables.
      resolveId: (source, importer) =>
        source === "node:child_process" && importer?.includes("/commander/") ? nothing : null,
      load: (id) => (id === nothing ? "export default undefined;" : null),
    },
    {
      name: "undici-without-fetch",
      resolveId: (source) => (source === "undici/index.js" ? undiciAgents : null),
      load: (id) => (id === undiciAgents ? undiciWithoutFetch : null),
    },
    { name: "quick-builtins", renderChunk: quickBuiltins },
    {
      name: "notices",
      generateBundle() {
        const fileName = "THIRD-PARTY-NOTICES.txt";
        this.emitFile({ type: "asset", fileName, source: noticesOf([...this.getModuleIds()]) });
      },
    },
  ],
});

const nothing = "\0nothing";

/**
 * undici without fetch, WebSockets, caches and mocks, which take 45 ms to load. Like undici's index, assigns the API to
 * the prototype of all dispatchers, because ProxyAgent calls `connect` of its client.
 */
const undiciAgents = "\0undici-agents";
const undici = path.join(import.meta.dirname, "../transport-docker/node_modules/undici/lib");
const undiciWithoutFetch = `
  import Dispatcher from ${JSON.stringify(path.join(undici, "dispatcher/dispatcher.js"))};
  import Agent from ${JSON.stringify(path.join(undici, "dispatcher/agent.js"))};
  import ProxyAgent from ${JSON.stringify(path.join(undici, "dispatcher/proxy-agent.js"))};
  import api from ${JSON.stringify(path.join(undici, "api/index.js"))};
  import buildConnector from ${JSON.stringify(path.join(undici, "core/connect.js"))};
  Object.assign(Dispatcher.prototype, api);
  export { Agent, ProxyAgent, buildConnector };
`;

/**
 * Importing a built-in module calls every getter in it (`process.stdin` opens standard input), which takes 2 to 4 ms
 * for large modules. `getBuiltinModule` does not.
 */
function quickBuiltins(code: string): string {
  return code.replaceAll(
    /^import (?:(\w+)|\{([^}]*)\}) from "(node:[\w/]+)";$/gm,
    (_, whole: string | undefined, names: string | undefined, module: string) => {
      const pattern = whole ?? `{${names?.replaceAll(" as ", ": ")}}`;
      return `const ${pattern} = globalThis.process.getBuiltinModule("${module}");`;
    },
  );
}

/** The licenses of all bundled packages. */
function noticesOf(modules: readonly string[]): string {
  return [...new Set(modules.flatMap(licensedFolders))].toSorted().map(noticeOf).join("\n");
}

/** The package of a module, and folders in it with a license of their own. */
function licensedFolders(id: string): readonly string[] {
  const [folder] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id) ?? [];
  if (folder === undefined) return [];
  const inner: string[] = [];
  for (let at = path.dirname(id); at.length > folder.length; at = path.dirname(at)) {
    if (licenseFile(at) !== undefined) inner.push(at);
  }
  return [folder, ...inner];
}

function licenseFile(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
}

function noticeOf(folder: string): string {
  const file = licenseFile(folder);
  const license = file ? readFileSync(path.join(folder, file), "utf8") : namedLicense(folder);
  return `${path.basename(folder)}\n\n${license}`;
}

/** For a package that names its license but does not include the text. */
function namedLicense(folder: string): string {
  const text = readFileSync(path.join(folder, "package.json"), "utf8");
  const { license, author, homepage } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const known = path.join(import.meta.dirname, `licenses/${String(license)}.txt`);
  const name: unknown = Object(author).name ?? author;
  if (!existsSync(known) || typeof name !== "string")
    throw new Error(`${folder} is bundled but has no license; add its text to licenses/`);
  return `Copyright ${name}, ${String(homepage)}\n\n${readFileSync(known, "utf8")}`;
}
