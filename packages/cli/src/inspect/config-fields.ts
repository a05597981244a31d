import { configShape, parseJSONObject } from "@drayage/core";

import { GoMap } from "./go-values.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a template may ask of every config, there or not (OCI image-spec, config.md). */
const knownFields = "created author architecture os variant os.version history".split(" ");
const knownInnerFields =
  "User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal".split(" ");

/** @throws ImageError `invalid-manifest` */
export function parseConfig(bytes: Uint8Array): Fields {
  return parseJSONObject("image config", bytes, configShape).value;
}

/** A config with a place for each field that a template may ask for. */
export function configFields(config: Fields): Fields {
  const inner = isFields(config["config"]) ? config["config"] : {};
  const maps = ["ExposedPorts", "Volumes", "Labels"].flatMap((name) => {
    const value = inner[name];
    return isFields(value) ? [[name, GoMap.of(value)]] : [];
  });
  return {
    ...places(knownFields),
    ...config,
    config: { ...places(knownInnerFields), ...inner, ...Object.fromEntries(maps) },
  };
}

function places(names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
