import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const maxStartTime = 60_000;

/** A group of programs that run until all are stopped. They must start within a minute. */
export class Daemons {
  readonly #children: ChildProcess[] = [];
  readonly #over = new AbortController();
  /** Aborted when one of them ends, and after a minute, so that nothing waits for their start. */
  readonly signal: AbortSignal = AbortSignal.any([
    this.#over.signal,
    AbortSignal.timeout(maxStartTime),
  ]);

  /** The kernel ends it when this process ends, even after a kill. */
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
