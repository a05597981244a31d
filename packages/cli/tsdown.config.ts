import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

// @boundaries-ignore a tool of the root
import { defineConfig } from "tsdown";

// @boundaries-ignore the root's settings
import base from "../../tsdown.config.ts";

/** All that runs, in one folder: an installed `drayage` has no dependencies and starts without looking for any. */
export default defineConfig({
  ...base,
  entry: "src/main.ts",
  dts: false,
  exports: false,
  // the command itself checks the version of Node
  treeshake: true,
  sourcemap: false,
  deps: { alwaysBundle: /./ },
  inputOptions: { resolve: { conditionNames: ["@drayage/source", "node", "import", "default"] } },
  plugins: [
    {
      name: "without-subprocesses",
      // commander wants them only for commands that are programs of their own
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
 * undici without fetch, WebSockets, caches and mocks, which take 45 ms to load. As in undici's own index, its API is
 * assigned to the prototype of all dispatchers: ProxyAgent calls `connect` of its own client.
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
 * An `import` of a built-in module calls every getter in it (`process.stdin` opens standard input): 2 to 4 ms for each
 * of the larger ones. Taken from the process they are as they are.
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

/** The licenses of all packages that are in the bundle, as they ask for. */
function noticesOf(modules: readonly string[]): string {
  return [...new Set(modules.flatMap(licensedFolders))].toSorted().map(noticeOf).join("\n");
}

/** A module's package, and folders in it that have a license of their own. */
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

/** Of a package that names its license and comes without the text of it. */
function namedLicense(folder: string): string {
  const text = readFileSync(path.join(folder, "package.json"), "utf8");
  const { license, author, homepage } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const known = path.join(import.meta.dirname, `licenses/${String(license)}.txt`);
  const name: unknown = Object(author).name ?? author;
  if (!existsSync(known) || typeof name !== "string")
    throw new Error(`${folder} is bundled and has no license`);
  return `Copyright ${name}, ${String(homepage)}\n\n${readFileSync(known, "utf8")}`;
}
