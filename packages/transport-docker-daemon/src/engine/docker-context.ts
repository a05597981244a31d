import path from "node:path";

import { digestOf, hexOf, ImageError } from "@drayage/core";
import type { SystemContext } from "@drayage/core";
import { isJSONObject, parseJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { findNamedFile } from "@drayage/transport-kit/files";

import { dockerFolder, environmentOf } from "./docker-folder.ts";
import { hasCertificates } from "./tls-certificates.ts";

/** A named engine of `docker context`. */
export interface DockerContext {
  readonly host: string;
  readonly wantsTLS: boolean;
  /** Whether the certificate of the engine need not be trusted. */
  readonly insecure: boolean;
  /** The folder of its certificates, if it has any. */
  readonly certDir: string | undefined;
}

/**
 * The context in `DOCKER_CONTEXT`, else the current one of docker's `config.json`. Undefined for `default`, which is not a
 * stored context.
 * @throws ImageError `not-found`, `unsupported` for a file that cannot be read
 */
export async function findDockerContext(
  system: SystemContext | undefined,
): Promise<DockerContext | undefined> {
  const folder = dockerFolder(system);
  const name = environmentOf(system)["DOCKER_CONTEXT"] || (await currentContext(folder));
  return name === undefined || name === "default" ? undefined : readContext(folder, name);
}

async function currentContext(folder: string): Promise<string | undefined> {
  const config = await readJSON(path.join(folder, "config.json"));
  const name = config?.["currentContext"];
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** Reads a context, whose folder has the hash of its name. */
async function readContext(folder: string, name: string): Promise<DockerContext> {
  const id = hexOf(digestOf(Buffer.from(name)));
  const file = path.join(folder, "contexts/meta", id, "meta.json");
  const meta = await readJSON(file);
  if (meta === undefined) {
    const message = `No docker context ${JSON.stringify(name)} (${file}); list the contexts with docker context ls`;
    throw new ImageError("not-found", message);
  }
  const { docker } = objectIn(meta["Endpoints"]);
  const { Host: host, SkipTLSVerify: insecure } = objectIn(docker);
  if (typeof host !== "string" || host === "")
    throw new ImageError("unsupported", `The docker context ${name} has no host: ${file}`);
  const folderOfTLS = path.join(folder, "contexts/tls", id, "docker");
  const certDir = (await hasCertificates(folderOfTLS)) ? folderOfTLS : undefined;
  const isInsecure = insecure === true;
  return { host, wantsTLS: isInsecure || certDir !== undefined, insecure: isInsecure, certDir };
}

function objectIn(value: unknown): JSONObject {
  return isJSONObject(value) ? value : {};
}

/** Drops the cause of a parsing error: its message contains a part of the file, which may have secrets. */
async function readJSON(file: string): Promise<JSONObject | undefined> {
  const bytes = await findNamedFile(file, { limit: fileLimit });
  try {
    return bytes && parseJSONObject(file, bytes).value;
  } catch {
    throw new ImageError("unsupported", `${file} is not a JSON object; correct it`);
  }
}

const fileLimit = 1 << 20;
