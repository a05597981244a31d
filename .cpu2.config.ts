import base from "./vitest.config.ts";
const b: any = base;
b.test.setupFiles = [...b.test.setupFiles, "/tmp/time/cpu-setup.ts"];
b.test.execArgv = (process.env.XARGS ?? "").split(" ").filter(Boolean);
export default b;
