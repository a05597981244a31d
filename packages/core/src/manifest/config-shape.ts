import type { JSONFields } from "../json/json-shape.ts";

const containerShape: JSONFields = {
  User: "any",
  ExposedPorts: "map",
  Env: "any",
  Entrypoint: "any",
  Cmd: "any",
  Volumes: "map",
  WorkingDir: "any",
  Labels: "map",
  StopSignal: "any",
};

/** The fields of an image config of OCI (image-spec, config.md) or Docker. */
export const configShape: JSONFields = {
  created: "any",
  author: "any",
  architecture: "any",
  os: "any",
  "os.version": "any",
  "os.features": "any",
  variant: "any",
  docker_version: "any",
  config: containerShape,
  container_config: containerShape,
  rootfs: { type: "any", diff_ids: "any" },
  history: "any",
};
