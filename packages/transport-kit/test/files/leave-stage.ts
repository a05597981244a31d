import { open } from "node:fs/promises";
import path from "node:path";

import { StagedFolder } from "@drayage/transport-kit/files";

/** Leaves a stage with a file, like a killed process. */
const [folder = ""] = process.argv.slice(2);

const staged = await StagedFolder.open(folder);
await (await open(path.join(staged.stage, "half"), "w")).close();
process.send?.(path.basename(staged.stage));
setInterval(() => {}, 1000);
