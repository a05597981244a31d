// Mutation testing: changes one expression at a time in the modules that verify, lock, plan and delete, and counts the changes that no
// test notices: `npm run mutate`, or `npm run mutate -- verify lock` for some groups. Paths below packages/ narrow a group to some
// of its modules and tests: `npm run mutate -- verify core/src/json core/test/json`. Options go to Stryker: `-- lock --concurrency 1`.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const groups = {
  verify: {
    modules: [
      "core/src/{names/digest,content/verified-blob,image/unparsed-image}.ts",
      "core/src/json/*.ts",
      "core/src/manifest/{manifest,manifest-type,descriptor,choose-instance}.ts",
      "core/src/verify/*.ts",
      "encryption/src/*.ts",
    ],
    // Without those of documents that take seconds.
    tests: [
      "core/test/{names,content,image,contract,manifest,verify,copy}/*.test.ts",
      "core/test/json/{key-folding,strict-json}.test.ts",
      "encryption/test/{layer-round-trip,hostile-layers}.test.ts",
    ],
  },
  trust: {
    modules: ["signature/src/*.ts", "signature/src/{policy,simple-signing,sigstore}/*.ts"],
    tests: ["signature/test/{payload,policy/*,sigstore/*}.test.ts"],
  },
  plan: {
    modules: [
      "core/src/copy/{plan-copy,requested-compression,compression-variants,plan-variant,plan-encryption,layer-encryption,copy-planner,plan-image,plan-index,plan-schema1,schema1-writer,diff-id,blob-step,target-type,conversion-order,impossible-copies,inspect-copy,execute-copy,blob-writer,manifest-writer,copy-blob,digest-algorithm,build-ledger,ledger-writer}.ts",
      "core/src/manifest/edit-manifest.ts",
      "core/src/schema1/*.ts",
    ],
    tests: ["core/test/{manifest,copy,schema1}/*.test.ts"],
  },
  "stored-plan": {
    modules: ["plan/src/*.ts"],
    tests: ["plan/test/*.test.ts"],
  },
  lock: {
    modules: [
      "transport-kit/src/files/{file-lock,lock-holder,lock-wait,sweep,publish,temporary-name,staged-folder}.ts",
    ],
    tests: [
      "transport-kit/test/files/{file-lock,lock-holder,lock-moments,lock-wait,publish,staged-folder,sweep,temporary-name}.test.ts",
    ],
  },
  layout: {
    modules: [
      "image-layout/src/{delete-image,find-image,layout-destination,layout-index,read-index,present-manifests}.ts",
    ],
    tests: ["image-layout/test/*.test.ts"],
  },
  s3: {
    modules: [
      "transport-s3/src/{layout/layout-lock,layout/pending-changes,layout/deletion-mark,layout/collect-garbage,uploads/object-copy,uploads/stored-parts,uploads/multipart-upload}.ts",
    ],
    tests: [
      "transport-s3/test/{layout/*,uploads/*,s3-index,s3-copies,s3-blobs,s3-resume,s3-faults}.test.ts",
    ],
  },
  kit: {
    modules: ["testkit/src/conformance/*.ts"],
    // Without `isolated-breakages`, where every test runs a group of requirements.
    tests: [
      "testkit/test/conformance/{applicability,breakages,conformance,details,passing-variants,sample-images}.test.ts",
    ],
  },
};

const root = path.resolve(import.meta.dirname, "..");
const given = process.argv.slice(2);
const options = given.slice(indexOrEnd(given, (argument) => argument.startsWith("--")));
const words = given.slice(0, given.length - options.length);
const paths = words.filter((word) => word.includes("/")).map((word) => `packages/${word}`);
const chosen = words.filter((word) => !word.includes("/"));
const unknown = chosen.filter((name) => !Object.hasOwn(groups, name));
if (unknown.length > 0) {
  console.error(
    `mutate: there is no group ${unknown.join(", ")}; available: ${Object.keys(groups).join(", ")}`,
  );
  process.exit(2);
}

const copy = mkdtempSync(path.join(tmpdir(), "drayage-mutate-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
copyCheckout();
run("node", [path.join(copy, "scripts/setup.mjs")]);

const testConfig = "vitest.mutate.config.ts";
const failed = [];
for (const [name, { modules, tests }] of Object.entries(groups)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`\n== ${name}`);
  const settings = settingsOf(narrowed(modules, "/src/"));
  writeFileSync(path.join(copy, "stryker.config.json"), JSON.stringify(settings));
  writeFileSync(path.join(copy, testConfig), testConfigOf(narrowed(tests, "/test/")));
  if (!run(path.join(copy, "node_modules/.bin/stryker"), ["run", ...options])) failed.push(name);
}
if (failed.length > 0) console.error(`\nToo many changes went unnoticed in: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Changes files in place, because packages resolve each other through node_modules: in a copy of this checkout. */
function copyCheckout() {
  const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listing, { cwd: root, encoding: "utf8" }).split("\0");
  for (const file of files) {
    const from = path.join(root, file);
    if (file !== "" && existsSync(from)) cpSync(from, path.join(copy, file));
  }
}

function run(program, args) {
  return spawnSync(program, args, { cwd: copy, stdio: "inherit" }).status === 0;
}

function indexOrEnd(list, isIt) {
  const index = list.findIndex(isIt);
  return index < 0 ? list.length : index;
}

/** The files that the patterns name, or those of them that lie at or below a path that was given. */
function narrowed(patterns, kind) {
  const files = patterns.flatMap((pattern) => globSync(`packages/${pattern}`, { cwd: root }));
  const wanted = paths.filter((one) => `${one}/`.includes(kind));
  if (wanted.length === 0) return files;
  const chosenFiles = files.filter((file) =>
    wanted.some((one) => `${file}/`.startsWith(`${one}/`)),
  );
  if (chosenFiles.length > 0) return chosenFiles;
  console.error(`mutate: no file of this group lies at or below ${wanted.join(", ")}`);
  process.exit(2);
}

/**
 * The tests of the group. Not by Stryker's `testFiles`: with that it does not activate changes of what runs while a module loads.
 * One thread runs all of them, since the start of a thread takes longer than most tests.
 */
function testConfigOf(tests) {
  return `import config from "./vitest.config.ts";
export default {
  ...config,
  test: { ...config.test, projects: undefined, include: ${JSON.stringify(tests)}, isolate: false },
};
`;
}

function settingsOf(modules) {
  return {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    inPlace: true,
    disableTypeChecks: false,
    coverageAnalysis: "perTest",
    concurrency: 2,
    timeoutMS: 6000,
    mutate: modules,
    vitest: { configFile: testConfig, related: false },
    // Messages are for people, and the compiler checks string literal types.
    mutator: { excludedMutations: ["StringLiteral"] },
    reporters: ["clear-text", "progress"],
    clearTextReporter: { allowColor: false, logTests: false },
    thresholds: { high: 95, low: 85, break: 85 },
  };
}
