import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { findProgram } from "@drayage/test-support";

import { cephConfig } from "./ceph-config.ts";
import type { Cluster } from "./ceph-config.ts";
import { Daemons } from "./daemons.ts";
import { freePorts } from "./free-ports.ts";

/** The client configuration, in the form of `new S3Client(…)`. */
interface CephAccess {
  /** `http://127.0.0.1:5000` */
  readonly endpoint: string;
  readonly region: string;
  readonly forcePathStyle: true;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A running RADOS Gateway, Ceph's S3, with a cluster of one node in memory and no buckets. */
export interface Ceph extends AsyncDisposable {
  readonly access: CephAccess;
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

/** Whether the programs of Debian's ceph-mon, ceph-osd, ceph-common and radosgw are installed. */
export const isCephInstalled: boolean = programs.every((name) => findProgram(name) !== undefined);

const execute = promisify(execFile);
const [accessKeyId, secretAccessKey] = ["AK", "SK"];

/**
 * Starts a gateway on free ports, which takes two seconds and 150 MB. Several can run side by side. Requires
 * `isCephInstalled`. Its processes always end with this process.
 */
export async function startCeph(): Promise<Ceph> {
  for (let left = 2; ; left--) {
    try {
      return await startOnce();
    } catch (error) {
      // Another process may take a free port before Ceph does.
      if (left === 0) throw error;
    }
  }
}

async function startOnce(): Promise<Ceph> {
  const folder = await mkdtemp(path.join(tmpdir(), "ceph-"));
  const removeAtExit = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeAtExit);
  const daemons = new Daemons();
  async function stop(): Promise<void> {
    await daemons.stop();
    process.off("exit", removeAtExit);
    await rm(folder, { recursive: true, force: true });
  }
  try {
    const [monitorPort = 0, firstPort = 0, gatewayPort = 0] = await freePorts(3);
    const cluster = { id: randomUUID(), folder, monitorPort, firstPort, gatewayPort };
    const endpoint = `http://127.0.0.1:${gatewayPort}`;
    await createCluster(cluster, daemons);
    await answering(endpoint, daemons.signal);
    const credentials = { accessKeyId, secretAccessKey };
    const access = { endpoint, region: "us-east-1", forcePathStyle: true, credentials } as const;
    return { access, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    const error = new Error(`Ceph did not start:\n${await lastLogLines(folder)}`, { cause });
    await stop();
    throw error;
  }
}

async function createCluster(cluster: Cluster, daemons: Daemons): Promise<void> {
  const { id, folder, monitorPort } = cluster;
  const [keyring, map] = [path.join(folder, "keyring"), path.join(folder, "monitors")];
  const config = ["-c", path.join(folder, "ceph.conf")];
  const run = async (program: string, ...words: readonly string[]): Promise<void> =>
    void (await execute(program, words, { signal: daemons.signal }));
  for (const name of ["mon", "osd", "rgw", "run", "log"]) await mkdir(path.join(folder, name));
  await writeFile(path.join(folder, "ceph.conf"), cephConfig(cluster));
  await run("ceph-authtool", "--create-keyring", keyring, ...newKey("mon.", "mon"));
  await run("ceph-authtool", keyring, ...newKey("client.admin", "mon", "osd", "mgr"));
  await run("ceph-authtool", keyring, ...newKey("osd.0", "mon", "osd"));
  const address = `[v2:127.0.0.1:${monitorPort}]`;
  await run("monmaptool", "--create", "--fsid", id, "--addv", "a", address, map);
  const ofMonitor = ["--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring];
  await run("ceph-mon", ...config, ...ofMonitor);
  daemons.start("ceph-mon", ...config, "-f", "-i", "a");
  const uuid = randomUUID();
  await run("ceph", ...config, "osd", "new", uuid);
  await run("ceph-osd", ...config, "-i", "0", "--mkfs", "--osd-uuid", uuid);
  daemons.start("ceph-osd", ...config, "-f", "-i", "0");
  const key = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
  const user = ["--uid=test", "--display-name=test", ...key];
  await run("radosgw-admin", ...config, "user", "create", ...user);
  daemons.start("radosgw", ...config, "-f", "-n", "client.admin");
}

function newKey(name: string, ...capabilities: readonly string[]): readonly string[] {
  return ["--gen-key", "-n", name, ...capabilities.flatMap((one) => ["--cap", one, "allow *"])];
}

async function answering(endpoint: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(endpoint, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await pause(50, undefined, { signal });
  }
}

/** The last lines of all logs; empty without logs. */
async function lastLogLines(folder: string): Promise<string> {
  const logs = path.join(folder, "log");
  const names = await readdir(logs).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(path.join(logs, name), "utf8")));
  return texts.map((text) => text.slice(-1000)).join("\n");
}
