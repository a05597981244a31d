import { copyImage, Transports } from "@drayage/core";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";

const transports = new Transports([docker(), ociLayout()]);
const [from = "", to = ""] = process.argv.slice(2);

const { digest, blobs } = await copyImage(transports.parse(from), transports.parse(to), {
  instances: "all",
});

console.log(`${digest}: ${blobs.copied} blobs copied, ${blobs.reused} reused`);
