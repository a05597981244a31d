import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A manifest that a client put. */
export interface PutManifest {
  /** The tag or digest in the URL. */
  readonly reference: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * Starts a registry that claims to have blobs with these digests and sizes, so that clients convert manifests without their
 * layers. It accepts other blobs, and records the manifests that it receives.
 */
export async function startClaimingRegistry(
  sizes: ReadonlyMap<string, number>,
): Promise<AsyncDisposable & { readonly host: string; readonly manifests: PutManifest[] }> {
  const manifests: PutManifest[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, { sizes, manifests });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    manifests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

interface Content {
  readonly sizes: ReadonlyMap<string, number>;
  readonly manifests: PutManifest[];
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { sizes, manifests }: Content,
): Promise<void> {
  const body = Buffer.concat(await request.toArray());
  const { method = "", headers } = request;
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const reference = pathname.split("/").at(-1) ?? "";
  if (pathname.includes("/manifests/") && method === "PUT") {
    manifests.push({ reference, mediaType: headers["content-type"] ?? "", bytes: body });
    response.writeHead(201).end();
  } else if (pathname.includes("/uploads/")) {
    response.writeHead(method === "PUT" ? 201 : 202, {
      Location: "/v2/team/app/blobs/uploads/1",
      Range: `0-${Math.max(0, body.byteLength - 1)}`,
      "Docker-Content-Digest": searchParams.get("digest") ?? "",
    });
    response.end();
  } else if (sizes.has(reference))
    response.writeHead(200, { "Content-Length": sizes.get(reference) }).end();
  else response.writeHead(pathname === "/v2/" ? 200 : 404).end();
}
