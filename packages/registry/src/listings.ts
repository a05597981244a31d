import { ErrorResponse } from "./http/error-response.ts";
import { jsonAnswer } from "./http/exchange.ts";
import { pageOf } from "./page.ts";
import type { Handler } from "./registry-state.ts";

/** OCI distribution-spec, "Listing Tags". */
export const listTags: Handler = (call, state) => {
  const { name } = call;
  const tags = [...state.repositories.get(name).tags.keys()];
  const page = pageOf(tags, String, call, state);
  return jsonAnswer({ name, tags: page.entries }, page.headers);
};

/** Docker's registry API, "Listing Repositories". */
export const listRepositories: Handler = (call, state) => {
  const { catalog = true } = state.settings;
  if (!catalog) throw new ErrorResponse("UNSUPPORTED", "The catalog is disabled", { status: 404 });
  const page = pageOf(state.repositories.names, String, call, state);
  return jsonAnswer({ repositories: page.entries }, page.headers);
};
