import { startCeph } from "@drayage/test-servers";

// What it leaves when it is killed lies where the test removes it.
process.env["TMPDIR"] = process.argv[2];
const { access } = await startCeph();
process.send?.(access.endpoint);
