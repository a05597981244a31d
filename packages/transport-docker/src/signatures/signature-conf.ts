import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

import { confError } from "../registries-conf/conf-error.ts";

/** The signature stores of some images. */
export interface SignatureSection {
  /** The file of the section. */
  readonly file: string;
  readonly lookaside: string | undefined;
  /** The location for writing; undefined if it equals `lookaside`. */
  readonly staging: string | undefined;
  readonly usesAttachments: boolean | undefined;
}

/** The content of one file; undefined for missing keys. */
export interface SignatureConf {
  readonly sections: ReadonlyMap<string, SignatureSection>;
  readonly fallback: SignatureSection | undefined;
}

/** Parses a file. Unknown keys are ignored, as other tools do. @throws ImageError `unsupported` */
export async function parseSignatureConf(file: string, text: string): Promise<SignatureConf> {
  const root = hasOnlyComments(text) ? {} : await parseYAML(file, text);
  const fallback = root["default-docker"] ?? undefined;
  const docker = objectOf(file, "docker", root["docker"] ?? {});
  const sections = Object.entries(docker).map(
    ([scope, value]) => [scope, sectionOf(file, `docker: ${scope}`, value ?? {})] as const,
  );
  return {
    sections: new Map(sections),
    fallback: fallback === undefined ? undefined : sectionOf(file, "default-docker", fallback),
  };
}

/** Whether a file holds only comments, as default files of distributions do. */
function hasOnlyComments(text: string): boolean {
  return text.split("\n").every((line) => /^\s*(?:#|$|---)/.test(line));
}

async function parseYAML(file: string, text: string): Promise<JSONObject> {
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text, { prettyErrors: false, logLevel: "error" });
  } catch (cause) {
    const [problem = ""] = (cause as Error).message.split("\n");
    throw confError(file, `it is not valid YAML: ${problem}`, cause);
  }
  return objectOf(file, "the file", value ?? {});
}

function sectionOf(file: string, name: string, value: unknown): SignatureSection {
  const section = objectOf(file, name, value);
  const usesAttachments = section["use-sigstore-attachments"] ?? undefined;
  if (usesAttachments !== undefined && typeof usesAttachments !== "boolean") {
    throw confError(
      file,
      `use-sigstore-attachments of ${JSON.stringify(name)} must be true or false`,
    );
  }
  return {
    file,
    lookaside: textIn(file, name, section, ["lookaside", "sigstore"]),
    staging: textIn(file, name, section, ["lookaside-staging", "sigstore-staging"]),
    usesAttachments,
  };
}

/** Reads the first key that is set; the others are former names. */
function textIn(
  file: string,
  name: string,
  section: JSONObject,
  keys: readonly string[],
): string | undefined {
  for (const key of keys) {
    const text = section[key] ?? "";
    if (typeof text !== "string") {
      throw confError(file, `${key} of ${JSON.stringify(name)} must be a string`);
    }
    if (text !== "") return text;
  }
  return undefined;
}

/** Parses the URL of a section, when an image needs it. @throws ImageError `unsupported` */
export function parseLookaside({ file }: SignatureSection, text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  if (url?.protocol === "file:" && url.host === "") return url;
  const problem = "must be a URL that starts with file:///, https:// or http://";
  throw confError(file, `the lookaside ${JSON.stringify(text)} ${problem}`);
}

function objectOf(file: string, name: string, value: unknown): JSONObject {
  if (isJSONObject(value)) return value;
  throw confError(file, `${name} is not a mapping`);
}
