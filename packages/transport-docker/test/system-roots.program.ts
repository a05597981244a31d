import { docker } from "../src/index.ts";

/** Lists the tags of a repository, and sends them or an error code to the parent process. */
const [host = ""] = process.argv.slice(2);
const reference = docker({ proxy: false }).parseReference(`//${host}/a`);
const tags = await Array.fromAsync(reference.getTags()).catch(({ code }: { code: string }) => code);
process.send?.(tags);
process.disconnect();
