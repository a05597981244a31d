import { startCeph } from "../../src/servers/ceph.ts";

// What it leaves when it is killed lies where the test removes it.
process.env["TMPDIR"] = process.argv[2];
const { access } = await startCeph();
process.send?.(access.endpoint);
