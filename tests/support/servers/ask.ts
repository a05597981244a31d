import { request } from "node:http";
import type { Agent, IncomingHttpHeaders } from "node:http";

import { digestOf } from "@drayage/core";
import type { Digest } from "@drayage/core";

/** The headers and body of a request such as `PUT /v2/…`. */
export interface Question {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length; a stream is sent without. */
  readonly body?: string | Uint8Array | readonly Uint8Array[];
  /** The agent whose connections are used. */
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The code of the only error in the response. */
  readonly code: string | undefined;
}

/** Sends a request exactly as written, which clients do not allow. */
export async function ask(origin: string, line: string, question: Question = {}): Promise<Reply> {
  const [method = "", path = ""] = line.split(" ");
  const { headers = {}, body, agent } = question;
  const isStream = Array.isArray(body);
  const whole = isStream || body === undefined ? undefined : Buffer.from(body as Uint8Array);
  const length = isStream ? {} : { "Content-Length": `${whole?.byteLength ?? 0}` };
  const sent = request(new URL(path, origin), {
    method,
    agent,
    headers: { ...length, ...headers },
  });
  const answer = new Promise<Reply>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      const { statusCode: status, headers: received } = response;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const content = Buffer.concat(chunks);
        resolve({ status, headers: received, body: content, code: codeIn(content) });
      });
    });
  });
  if (isStream) for (const chunk of body) sent.write(chunk);
  sent.end(whole);
  return answer;
}

/** The location of the next request, with more parameters. */
export function next({ headers }: Reply, parameters = ""): string {
  const location = headers.location ?? "";
  return parameters === "" ? location : `${location}&${parameters}`;
}

export const octets: Readonly<Record<string, string>> = {
  "Content-Type": "application/octet-stream",
};

export function textAndDigest(text: string): { bytes: Uint8Array; digest: Digest } {
  const bytes = Buffer.from(text);
  return { bytes, digest: digestOf(bytes) };
}

function codeIn(body: Buffer): string | undefined {
  try {
    return (JSON.parse(body.toString()) as { errors?: { code: string }[] }).errors?.[0]?.code;
  } catch {
    return undefined;
  }
}
