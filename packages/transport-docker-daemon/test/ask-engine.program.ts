import { dockerDaemon } from "../src/index.ts";

/** Asks for an image as somebody without rights, and sends the error's code and message. */
process.setgroups?.([]);
process.setgid?.(65_534);
process.setuid?.(65_534);
const [host = ""] = process.argv.slice(2);
const reference = dockerDaemon({ host }).parseReference("a:b");
const error: unknown = await reference.newImageSource().catch((failure: unknown) => failure);
const { code, message } = error as Error & { readonly code: string };
process.send?.({ code, message });
process.disconnect();
