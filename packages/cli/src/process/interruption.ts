/** Why a command ended before its time. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;
  /** Nobody is there any more to be told. */
  readonly isSilent: boolean;

  constructor(message: string, exitCode: number, isSilent = false) {
    super(message);
    this.exitCode = exitCode;
    this.isSilent = isSilent;
  }
}

/** What an error of standard output means: where its reader has gone, an end without words and with a shell's exit code for that. */
export function outputFailure(error: NodeJS.ErrnoException): Error {
  if (error.code === "EPIPE") return new Interrupted("nobody reads the output", 128 + 13, true);
  return new Error(`Standard output cannot be written: ${error.message}`, { cause: error });
}

/** The part of a process that an interruption needs. */
export interface InterruptibleProcess {
  on(signal: EndingSignal, listener: (signal: EndingSignal) => void): unknown;
  off(signal: EndingSignal, listener: (signal: EndingSignal) => void): unknown;
  exit(code: number): void;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

interface OutputStream {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

type EndingSignal = keyof typeof signalNumbers;

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
const endingSignals = Object.keys(signalNumbers) as readonly EndingSignal[];

/**
 * Ends a command early, with time to clean up: at Ctrl-C and its like, when nobody reads its output any more, when its
 * time is over. A second Ctrl-C ends the process at once.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #process: InterruptibleProcess;
  #timer: NodeJS.Timeout | undefined;

  constructor(process: InterruptibleProcess) {
    this.#process = process;
    for (const signal of endingSignals) process.on(signal, this.#onSignal);
    process.stdout.on("error", (error) => this.#controller.abort(outputFailure(error)));
    // Whoever stopped reading the progress still wants the copy.
    process.stderr.on("error", () => {});
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  timeOutAfter(milliseconds: number): void {
    const reason = `The command took longer than the ${milliseconds / 1000} s of --command-timeout`;
    this.#timer = setTimeout(
      () => this.#controller.abort(new Interrupted(reason, 1)),
      milliseconds,
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of endingSignals) this.#process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: EndingSignal): void => {
    const exitCode = 128 + signalNumbers[signal];
    if (this.signal.aborted) this.#process.exit(exitCode);
    this.#controller.abort(new Interrupted(`interrupted by ${signal}`, exitCode));
  };
}
