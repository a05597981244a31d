import { startCeph } from "@drayage/test-servers";

// The test removes this folder, which contains what remains after a kill.
process.env["TMPDIR"] = process.argv[2];
const { access } = await startCeph();
process.send?.(access.endpoint);
