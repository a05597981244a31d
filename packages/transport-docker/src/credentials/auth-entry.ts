import { ImageError } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { oneLine } from "@drayage/transport-kit/wire";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { authFileError } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";

/**
 * Decodes the credentials of an entry. Returns undefined for an empty entry, which docker writes for a helper, and for
 * an `auth` without a colon, which other tools ignore too.
 * @throws ImageError `unsupported` for an invalid entry
 */
export function decodeEntry({ path, auths }: AuthFile, key: string): DockerAuthConfig | undefined {
  const entry = auths[key] ?? {};
  if (!isJSONObject(entry))
    throw authFileError(path, `the entry of ${oneLine(key)} is not an object`);
  const text = (name: string): string => textIn(entry, name, path, key);
  const [identityToken, registryToken] = [text("identitytoken"), text("registrytoken")];
  if (registryToken !== "") return { registryToken };
  if (identityToken !== "") return { identityToken };
  const [username, password] = userIn(text("auth"), path, key) ?? [
    text("username"),
    text("password"),
  ];
  return username === "" && password === "" ? undefined : { username, password };
}

/** @throws ImageError `unsupported` for a user name that the format cannot represent */
export function encodeEntry(credentials: DockerAuthConfig): JSONObject {
  if ("registryToken" in credentials) return { registrytoken: credentials.registryToken };
  if ("identityToken" in credentials) {
    return { auth: encoded(placeholderUser, ""), identitytoken: credentials.identityToken };
  }
  const { username, password } = credentials;
  if (!username.includes(":")) return { auth: encoded(username, password) };
  throw new ImageError(
    "unsupported",
    "A user name with a colon cannot be stored in a file; use a credential helper",
  );
}

/** The user name that docker writes with an identity token; other tools ignore the token without one. */
const placeholderUser = "00000000-0000-0000-0000-000000000000";

function encoded(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}

function textIn(entry: JSONObject, name: string, path: string, key: string): string {
  const value = entry[name] ?? "";
  if (typeof value === "string") return value;
  throw authFileError(path, `${name} of ${oneLine(key)} is not a string`);
}

function userIn(auth: string, path: string, key: string): [string, string] | undefined {
  if (auth === "") return undefined;
  if (!/^[A-Za-z0-9+/]*=*$/.test(auth.replaceAll(/\s/g, ""))) {
    throw authFileError(path, `auth of ${oneLine(key)} is not USER:PASSWORD in base64`);
  }
  const text = Buffer.from(auth, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return [text.slice(0, colon), withoutPadding(text.slice(colon + 1))];
}

/** docker pads short entries with NUL bytes. */
function withoutPadding(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text[start] === "\0") start++;
  while (end > start && text[end - 1] === "\0") end--;
  return text.slice(start, end);
}
