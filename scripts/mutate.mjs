// Mutation testing: changes one expression at a time in the modules that verify, lock, plan and delete, and counts the changes that no
// test notices: `npm run mutate`, or `npm run mutate -- verify lock` for some of the groups.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const groups = {
  verify: {
    modules: [
      "core/src/{names/digest,content/verified-blob,image/unparsed-image}.ts",
      "core/src/json/*.ts",
      "core/src/manifest/{manifest,manifest-type,descriptor,choose-instance}.ts",
      "core/src/verify/*.ts",
    ],
    tests: ["core/test/{names,content,image,contract,manifest,json,verify,copy}/*.test.ts"],
  },
  plan: {
    modules: [
      "core/src/copy/{plan-copy,blob-step,target-type,impossible-copies,inspect-copy,execute-copy,move-blob}.ts",
      "core/src/manifest/edit-manifest.ts",
    ],
    tests: ["core/test/{manifest,copy}/*.test.ts"],
  },
  lock: {
    modules: [
      "transport-kit/src/files/{file-lock,lock-holder,lock-wait,sweep,publish,temporary-name,staged-folder}.ts",
    ],
    tests: ["transport-kit/test/files/*.test.ts"],
  },
  layout: {
    modules: [
      "image-layout/src/{delete-image,find-image,layout-destination,layout-index,read-index,present-manifests}.ts",
    ],
    tests: ["image-layout/test/*.test.ts"],
  },
  s3: {
    modules: [
      "transport-s3/src/{layout/layout-lock,layout/waiting-changes,layout/deletion-mark,layout/collect-garbage,uploads/object-copy,uploads/stored-parts,uploads/multipart-upload}.ts",
    ],
    tests: ["transport-s3/test/{layout/*,s3-index,s3-copies,s3-blobs,s3-resume,s3-faults}.test.ts"],
  },
  kit: {
    modules: ["testkit/src/conformance/*.ts"],
    tests: ["testkit/test/conformance/*.test.ts"],
  },
};

const root = path.resolve(import.meta.dirname, "..");
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(groups, name));
if (unknown.length > 0) {
  console.error(
    `mutate: no group ${unknown.join(", ")}; there are ${Object.keys(groups).join(", ")}`,
  );
  process.exit(2);
}

const copy = mkdtempSync(path.join(tmpdir(), "drayage-mutate-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
copyCheckout();
run("node", [path.join(copy, "scripts/setup.mjs")]);

const failed = [];
for (const [name, { modules, tests }] of Object.entries(groups)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`\n== ${name}`);
  writeFileSync(path.join(copy, "stryker.config.json"), JSON.stringify(settingsOf(modules, tests)));
  if (!run(path.join(copy, "node_modules/.bin/stryker"), ["run"])) failed.push(name);
}
if (failed.length > 0) console.error(`\nToo many changes went unnoticed in: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Files are changed where they are, since packages find each other through node_modules: in a copy of this checkout. */
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

function settingsOf(modules, tests) {
  const inPackages = (pattern) => `packages/${pattern}`;
  return {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    inPlace: true,
    disableTypeChecks: false,
    coverageAnalysis: "perTest",
    concurrency: 2,
    timeoutMS: 20_000,
    mutate: modules.map(inPackages),
    testFiles: tests.map(inPackages),
    vitest: { related: false },
    // Texts are for people; the compiler checks those that are names.
    mutator: { excludedMutations: ["StringLiteral"] },
    reporters: ["clear-text", "progress"],
    clearTextReporter: { allowColor: false, logTests: false },
    thresholds: { high: 95, low: 85, break: 85 },
  };
}
