/** The reason why a command was interrupted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;
  /** Whether to exit without a message. */
  readonly isSilent: boolean;

  constructor(message: string, exitCode: number, isSilent = false) {
    super(message);
    this.exitCode = exitCode;
    this.isSilent = isSilent;
  }
}

/** Maps an error of standard output. A closed pipe exits silently with the shell's exit code for SIGPIPE. */
export function outputFailure(error: NodeJS.ErrnoException): Error {
  if (error.code === "EPIPE")
    return new Interrupted("the reader closed the output", 128 + 13, true);
  return new Error(`Writing to standard output failed: ${error.message}`, { cause: error });
}

/** The part of `process` that an interruption uses. */
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
 * Aborts a command so that it can clean up: on SIGINT, SIGTERM and SIGHUP, on a closed standard output, and on a
 * timeout. A second signal exits immediately.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #process: InterruptibleProcess;
  #timer: NodeJS.Timeout | undefined;

  constructor(process: InterruptibleProcess) {
    this.#process = process;
    for (const signal of endingSignals) process.on(signal, this.#onSignal);
    process.stdout.on("error", (error) => this.#controller.abort(outputFailure(error)));
    // A closed standard error does not stop the copy.
    process.stderr.on("error", () => {});
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  timeOutAfter(milliseconds: number): void {
    const reason = `The command exceeded the --command-timeout of ${milliseconds / 1000} s; increase it`;
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
