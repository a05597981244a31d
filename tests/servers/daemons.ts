import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const patience = 60_000;

/** Programs that belong together and run until all of them are stopped; their start takes a minute at most. */
export class Daemons {
  readonly #children: ChildProcess[] = [];
  readonly #over = new AbortController();
  /** Aborted when one of them has ended, and when a minute is over: nobody has to wait for their start any more. */
  readonly signal: AbortSignal = AbortSignal.any([
    this.#over.signal,
    AbortSignal.timeout(patience),
  ]);

  /** The kernel ends it when this process is gone, even if nobody could ask it to. */
  start(program: string, ...words: readonly string[]): void {
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...words], {
      stdio: "ignore",
    });
    child.once("exit", () => this.#over.abort(new Error(`${program} ended`)));
    this.#children.push(child);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(ended));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
