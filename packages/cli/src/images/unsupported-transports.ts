/** Transports of skopeo that do not exist here, by name, and how to reach the same images. */
export const unsupportedTransports: Readonly<Record<string, string>> = {
  "containers-storage":
    "push it out of Podman with podman push IMAGE oci:FOLDER, or start Podman's service and write docker-daemon:NAME:TAG",
  ostree: "copy it with skopeo 1.9 to oci: or dir: first",
  sif: "convert it with skopeo to oci: or dir: first",
  atomic: "write docker:// and the address of the cluster's registry",
};
