import { dockerDaemon } from "../src/index.ts";

/** Opens an image as a user without permissions, and sends the code and message of the error. */
process.setgroups?.([]);
process.setgid?.(65_534);
process.setuid?.(65_534);
const [host = ""] = process.argv.slice(2);
const reference = dockerDaemon({ host }).parseReference("a:b");
const error: unknown = await reference.newImageSource().catch((failure: unknown) => failure);
const { code, message } = error as Error & { readonly code: string };
process.send?.({ code, message });
process.disconnect();
