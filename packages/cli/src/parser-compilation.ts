import { setFlagsFromString } from "node:v8";

/** Where this was tried; V8 complains aloud of flags that it does not know any more. */
const knownVersion = 24;

/**
 * undici reads answers with WebAssembly, which V8 compiles a second time, in the background, once it is used; a short
 * command has to wait for that at its end, 35 ms for nothing. The first compilation is as good here: only heads of
 * answers are parsed.
 */
export function compileParserOnce(): void {
  if (Number.parseInt(process.versions.node, 10) > knownVersion) return;
  setFlagsFromString("--wasm-tiering-budget=2000000000");
}
