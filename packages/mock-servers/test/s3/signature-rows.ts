import { ask } from "@drayage/test-support";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import { presigned, signedAsk } from "./signed-ask.ts";

const hour = 3_600_000;
const ago = (milliseconds: number): Date => new Date(Date.now() - milliseconds);

export const signatureRows: readonly Row[] = [
  {
    name: "an unsigned request is rejected",
    of: async ({ access, bucket, key }) => outcomeOf(ask(access.endpoint, `GET /${bucket}/${key}`)),
    is: "403 AccessDenied",
  },
  {
    name: "an unknown access key is rejected",
    of: (store) =>
      outcomeOf(store.raw("GET", { credentials: { accessKeyId: "NO", secretAccessKey: "SK" } })),
    is: "403 InvalidAccessKeyId",
  },
  {
    name: "a wrong secret is rejected",
    of: (store) =>
      outcomeOf(store.raw("GET", { credentials: { accessKeyId: "AK", secretAccessKey: "NO" } })),
    is: "403 SignatureDoesNotMatch",
  },
  ...[-hour, hour].map((late): Row => ({
    name: `a clock skew of ${late} ms is rejected`,
    of: (store) => outcomeOf(store.raw("GET", { date: ago(late) })),
    is: "403 RequestTimeTooSkewed",
  })),
  {
    name: "a clock skew of ten minutes is accepted",
    of: async (store) => {
      await store.put("x");
      return outcomeOf(store.raw("GET", { date: ago(hour / 6) }));
    },
    is: "200",
  },
  {
    name: "a signature is valid for one key",
    of: async (store) => {
      await store.put("x");
      const line = await presigned(store.access, `GET /${store.bucket}/${store.key}-other`);
      return outcomeOf(ask(store.access.endpoint, line.replace("-other", "")));
    },
    is: "403 SignatureDoesNotMatch",
  },
  {
    name: "a presigned URL needs no credentials until it expires",
    of: async (store) => {
      await store.put("x");
      const { access, bucket, key } = store;
      const asked = async (options: { date?: Date; expiresIn?: number }): Promise<string> => {
        const line = await presigned(access, `GET /${bucket}/${key}`, options);
        return outcomeOf(ask(access.endpoint, line));
      };
      return [
        await asked({}),
        await asked({ date: ago(hour), expiresIn: 7200 }),
        await asked({ date: ago(hour), expiresIn: 60 }),
      ];
    },
    is: ["200", "200", "403 AccessDenied"],
  },
  {
    name: "a request with two signatures is rejected",
    of: async (store) => {
      await store.put("x");
      const line = await presigned(store.access, `GET /${store.bucket}/${store.key}`);
      return outcomeOf(signedAsk(store.access, line));
    },
    is: "400 InvalidArgument",
    atCeph: "403 SignatureDoesNotMatch",
  },
  {
    name: "all x-amz- headers must be signed",
    of: (store) => outcomeOf(store.raw("PUT", { body: "x", unsigned: { "x-amz-meta-a": "b" } })),
    is: "403 AccessDenied",
    atCeph: "200",
  },
];
