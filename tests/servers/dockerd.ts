import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { findProgram } from "@drayage/test-support";
import type { KeyPair } from "@drayage/test-support";

/** The settings of a Docker Engine. */
export interface DockerdSettings {
  /** The certificate and CA for a TCP port with mutual TLS. */
  readonly tls?: (KeyPair & { readonly authority: string }) | undefined;
}

/** A running Docker Engine with its own empty store. It stores images but cannot run them. */
export interface Dockerd extends AsyncDisposable {
  /** `unix://` and the path of its socket. */
  readonly host: string;
  /** `127.0.0.1:PORT`; only with TLS. */
  readonly tcpHost: string | undefined;
  /** Kills it. */
  kill(this: void): Promise<void>;
}

/** Its program, if it is installed and can be started, which requires root. */
export const dockerdProgram: string | undefined =
  process.getuid?.() === 0 ? findProgram("dockerd") : undefined;

/** Starts an engine that does not change the network of this machine. Requires `dockerdProgram`. */
export async function startDockerd({ tls }: DockerdSettings = {}): Promise<Dockerd> {
  const folder = await mkdtemp(path.join(tmpdir(), "dockerd-"));
  const socket = path.join(folder, "docker.sock");
  // Runs in its own namespaces, so that it and its mounts disappear with this process, even after a kill.
  const alone = ["--pdeathsig", "TERM", "unshare", "--mount", dockerdProgram ?? "dockerd"];
  const child = spawn("setpriv", [...alone, ...(await flagsFor(folder, socket, tls))], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const ends = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  const listening = await listeningAt(child, tls === undefined ? 1 : 2);
  return {
    host: `unix://${socket}`,
    tcpHost: listening.find((place) => place !== socket),
    kill: () => ends("SIGKILL"),
    async [Symbol.asyncDispose]() {
      // It stops the containerd that it started.
      await ends("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Disables the network, and uses a storage driver that works on every file system. */
async function flagsFor(
  folder: string,
  socket: string,
  tls: DockerdSettings["tls"],
): Promise<readonly string[]> {
  const [data, exec] = [path.join(folder, "data"), path.join(folder, "exec")];
  const places = ["--data-root", data, "--exec-root", exec, "-p", path.join(folder, "pid")];
  const rest = ["--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none"];
  return [...places, ...rest, "-H", `unix://${socket}`, ...(await tlsFlags(folder, tls))];
}

async function tlsFlags(folder: string, tls: DockerdSettings["tls"]): Promise<readonly string[]> {
  if (tls === undefined) return [];
  const files = { tlscacert: tls.authority, tlscert: tls.certificate, tlskey: tls.key };
  const flags = Object.entries(files).map(async ([flag, content]) => {
    const file = path.join(folder, `${flag}.pem`);
    await writeFile(file, content);
    return `--${flag}=${file}`;
  });
  return ["-H", "tcp://127.0.0.1:0", "--tlsverify", ...(await Promise.all(flags))];
}

/** Reads the address or the error from its standard error, and discards the rest. */
async function listeningAt(child: ChildProcess, count: number): Promise<readonly string[]> {
  let output = "";
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`dockerd did not start: ${output}`)));
    const read = (chunk: Buffer): void => {
      output = (output + String(chunk)).slice(-20_000);
      const places = [...output.matchAll(/API listen on ([^\s"]+)"/g)].flatMap(
        ([, place]) => place ?? [],
      );
      if (places.length < count) return;
      child.stderr?.off("data", read).resume();
      resolve(places);
    };
    child.stderr?.on("data", read);
  });
}
