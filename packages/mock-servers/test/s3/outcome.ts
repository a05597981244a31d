import { S3ServiceException } from "@aws-sdk/client-s3";
import type { Reply } from "@drayage/test-support";

/** The SDK's error codes for errors that have only a status, as from HEAD. */
const nameless = ["304", "412", "NotFound", "Unknown", "UnknownError"];

/** `200` or `412 PreconditionFailed`, of a response or of an SDK error. */
export async function outcomeOf(asked: Promise<unknown>): Promise<string> {
  try {
    const answer = await asked;
    if (typeof answer !== "object" || answer === null) return "200";
    if ("$metadata" in answer) return String((answer as Metadata).$metadata.httpStatusCode);
    if (!("status" in answer)) return "200";
    const { status, body } = answer as Reply;
    return [status, codeIn(body)].filter((part) => part !== undefined).join(" ");
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    const status = String(error.$metadata.httpStatusCode);
    return nameless.includes(error.name) ? status : `${status} ${error.name}`;
  }
}

interface Metadata {
  readonly $metadata: { readonly httpStatusCode?: number };
}

function codeIn(body: Buffer): string | undefined {
  return /<Error>.*?<Code>(\w+)<\/Code>/s.exec(body.toString())?.[1];
}
