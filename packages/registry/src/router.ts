import type { Authorizer } from "./access/authorizer.ts";
import type { Scope } from "./access/scope.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import { ErrorResponse } from "./http/error-response.ts";
import type { Answer, OpenRequest, RequestHandler } from "./http/exchange.ts";
import { listRepositories, listTags } from "./listings.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { checkName } from "./names.ts";
import { listReferrers } from "./referrers.ts";
import type { Call, Handler, RegistryState } from "./registry-state.ts";
import {
  cancelUpload,
  finishUpload,
  patchUpload,
  startUpload,
  uploadStatus,
} from "./upload-handlers.ts";

interface Endpoint {
  /** The part of the path before the match is the repository. */
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
  /** The scopes that a request needs, including all repositories that it names. */
  readonly scopes: (call: Call) => readonly Scope[];
}

const support: Handler = () => ({
  status: 200,
  headers: { "Content-Type": "application/json" },
  body: "{}",
});

/** OCI distribution-spec, "Endpoints", and the catalog of Docker's registry API. */
const endpoints: readonly Endpoint[] = [
  { path: /^\/v2\/$/, methods: { GET: support, HEAD: support }, scopes: () => [] },
  {
    path: /^\/v2\/_catalog$/,
    methods: { GET: listRepositories },
    scopes: () => [{ type: "registry", name: "catalog", actions: ["*"] }],
  },
  { path: named("/tags/list"), methods: { GET: listTags }, scopes: byMethod },
  { path: named("/referrers/(?<target>[^/]+)"), methods: { GET: listReferrers }, scopes: byMethod },
  {
    path: named("/manifests/(?<target>[^/]+)"),
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
    scopes: byMethod,
  },
  {
    path: named("/blobs/(?<target>[^/]+)"),
    methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
    scopes: byMethod,
  },
  { path: named("/blobs/uploads/"), methods: { POST: startUpload }, scopes: toPush },
  {
    path: named("/blobs/uploads/(?<target>[^/]+)"),
    methods: {
      GET: uploadStatus,
      PATCH: patchUpload,
      PUT: finishUpload,
      DELETE: cancelUpload,
    },
    scopes: toPush,
  },
];

/** Finds the endpoint, checks names and access, and calls the handler. */
export function router(state: RegistryState, authorize: Authorizer | undefined): RequestHandler {
  return async (request): Promise<Answer> => {
    const { endpoint, call } = endpointFor(request);
    const handler = new Map(Object.entries(endpoint.methods)).get(request.method);
    if (handler === undefined) {
      throw new ErrorResponse("UNSUPPORTED", `The endpoint does not support ${request.method}`, {
        status: 405,
        headers: { Allow: Object.keys(endpoint.methods).join(", ") },
      });
    }
    const wanted = endpoint.scopes(call);
    for (const { type, name } of wanted) if (type === "repository") checkName(name);
    authorize?.(request, wanted);
    return handler(call, state);
  };
}

/** @throws ErrorResponse with status 404 */
function endpointFor(request: OpenRequest): { endpoint: Endpoint; call: Call } {
  for (const endpoint of endpoints) {
    const match = endpoint.path.exec(request.path);
    if (match === null) continue;
    const { name = "", target = "" } = match.groups ?? {};
    return { endpoint, call: { ...request, name, target } };
  }
  throw new ErrorResponse("UNSUPPORTED", "There is no such endpoint", { status: 404 });
}

function named(rest: string): RegExp {
  return new RegExp(`^/v2/(?<name>.+)${rest}$`);
}

function byMethod({ name, method }: Call): readonly Scope[] {
  const isRead = method === "GET" || method === "HEAD";
  const actions = isRead ? ["pull"] : method === "DELETE" ? ["delete"] : ["pull", "push"];
  return [{ type: "repository", name, actions }];
}

/** A mount also reads from the other repository. */
function toPush({ name, query }: Call): readonly Scope[] {
  const push: Scope = { type: "repository", name, actions: ["pull", "push"] };
  const from = query.has("mount") ? query.get("from") : null;
  return from === null ? [push] : [push, { type: "repository", name: from, actions: ["pull"] }];
}
