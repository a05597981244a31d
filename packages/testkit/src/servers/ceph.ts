import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import type { S3Access } from "../s3/s3-access.ts";
import { cephConfig } from "./ceph-config.ts";
import type { Cluster } from "./ceph-config.ts";
import { freePorts } from "./free-ports.ts";
import { findProgram } from "./program.ts";

/** A running RADOS Gateway, Ceph's S3, over a cluster of one node in memory, with no buckets. */
export interface Ceph extends AsyncDisposable {
  readonly access: S3Access;
}

const programs = [
  "ceph",
  "ceph-authtool",
  "ceph-mon",
  "ceph-osd",
  "monmaptool",
  "radosgw",
  "radosgw-admin",
  "setpriv",
];

/** Whether there are the programs of Debian's ceph-mon, ceph-osd, ceph-common and radosgw. */
export const isCephInstalled: boolean = programs.every((name) => findProgram(name) !== undefined);

const run = promisify(execFile);
const [accessKeyId, secretAccessKey] = ["AK", "SK"];
const patience = 60_000;

/**
 * Starts one on free ports of this machine, which takes about two seconds and 150 MB; several can run side by side.
 * Needs `isCephInstalled`. Its processes end with this one, however that ends.
 */
export async function startCeph(): Promise<Ceph> {
  const folder = await mkdtemp(path.join(tmpdir(), "ceph-"));
  const removeAtExit = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeAtExit);
  const daemons: ChildProcess[] = [];
  async function stop(): Promise<void> {
    await Promise.all(daemons.map(ended));
    process.off("exit", removeAtExit);
    await rm(folder, { recursive: true, force: true });
  }
  try {
    const [monitorPort = 0, firstPort = 0, gatewayPort = 0] = await freePorts(3);
    const cluster = { id: randomUUID(), folder, monitorPort, firstPort, gatewayPort };
    await createCluster(cluster, daemons);
    const endpoint = `http://127.0.0.1:${gatewayPort}`;
    await answering(endpoint, daemons, folder);
    const credentials = { accessKeyId, secretAccessKey };
    const access = { endpoint, region: "us-east-1", forcePathStyle: true, credentials } as const;
    return { access, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createCluster(cluster: Cluster, daemons: ChildProcess[]): Promise<void> {
  const { id, folder, monitorPort } = cluster;
  const [keyring, map] = [path.join(folder, "keyring"), path.join(folder, "monitors")];
  const config = path.join(folder, "ceph.conf");
  const withConfig = ["-c", config];
  const start = (program: string, ...words: readonly string[]): void => {
    daemons.push(startDaemon(program, [...withConfig, "-f", ...words]));
  };
  for (const name of ["mon", "osd", "rgw", "run", "log"]) await mkdir(path.join(folder, name));
  await writeFile(config, cephConfig(cluster));
  await run("ceph-authtool", ["--create-keyring", keyring, ...newKey("mon.", "mon")]);
  await run("ceph-authtool", [keyring, ...newKey("client.admin", "mon", "osd", "mgr")]);
  await run("ceph-authtool", [keyring, ...newKey("osd.0", "mon", "osd")]);
  const address = `[v2:127.0.0.1:${monitorPort}]`;
  await run("monmaptool", ["--create", "--fsid", id, "--addv", "a", address, map]);
  const ofMonitor = ["--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring];
  await run("ceph-mon", [...withConfig, ...ofMonitor]);
  start("ceph-mon", "-i", "a");
  const uuid = randomUUID();
  await run("ceph", [...withConfig, "osd", "new", uuid]);
  await run("ceph-osd", [...withConfig, "-i", "0", "--mkfs", "--osd-uuid", uuid]);
  start("ceph-osd", "-i", "0");
  const user = ["--uid=test", "--display-name=test"];
  const key = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
  await run("radosgw-admin", [...withConfig, "user", "create", ...user, ...key]);
  start("radosgw", "-n", "client.admin");
}

function newKey(name: string, ...capabilities: readonly string[]): readonly string[] {
  return ["--gen-key", "-n", name, ...capabilities.flatMap((one) => ["--cap", one, "allow *"])];
}

/** The kernel ends it when this process is gone, even if nobody could ask it to. */
function startDaemon(program: string, words: readonly string[]): ChildProcess {
  return spawn("setpriv", ["--pdeathsig", "KILL", program, ...words], { stdio: "ignore" });
}

async function ended(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const exited = once(daemon, "exit");
  daemon.kill("SIGKILL");
  await exited;
}

async function answering(
  endpoint: string,
  daemons: readonly ChildProcess[],
  folder: string,
): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await fetch(endpoint).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    const isOver = daemons.some(({ exitCode }) => exitCode !== null) || Date.now() > end;
    if (isOver) throw new Error(`Ceph did not start:\n${await lastWords(folder)}`);
    await pause(50);
  }
}

async function lastWords(folder: string): Promise<string> {
  const logs = (await readdir(path.join(folder, "log"))).map((name) =>
    path.join(folder, "log", name),
  );
  const texts = await Promise.all(logs.map((log) => readFile(log, "utf8")));
  return texts.map((text) => text.slice(-1000)).join("\n");
}
