import { createHash } from "node:crypto";

import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import { sha256Base64 } from "./signed-ask.ts";
import type { Store } from "./store.ts";

/** The checksums of "123456789". Those of the CRCs come from the CRC catalogue. */
const nine = "123456789";
const checksums = {
  ChecksumCRC32: "y/Q5Jg==",
  ChecksumCRC32C: "4waSgw==",
  ChecksumCRC64NVME: "rosUhgp5mIg=",
  ChecksumSHA1: createHash("sha1").update(nine).digest("base64"),
  ChecksumSHA256: sha256Base64(nine),
};

export const checksumRows: readonly Row[] = [
  ...Object.entries(checksums).flatMap(([name, value]): Row[] => [
    {
      name: `a ${name} is stored and returned on request`,
      of: async (store) => {
        await store.put(nine, { [name]: value });
        const returned = await head(store, { ChecksumMode: "ENABLED" });
        const notReturned = await head(store, {});
        return [returned[name], returned["ChecksumType"], notReturned[name]];
      },
      is: [value, "FULL_OBJECT", undefined],
      atCeph: [undefined, undefined, undefined],
    },
    {
      name: `a wrong or invalid ${name} is rejected`,
      of: async (store) => [
        await outcomeOf(store.put("other", { [name]: value })),
        await outcomeOf(store.put(nine, { [name]: "x" })),
      ],
      is: ["400 BadDigest", "400 InvalidRequest"],
      atCeph: ["200", "200"],
    },
  ]),
  {
    name: "an object has a CRC64NVME by default",
    of: async (store) => {
      await store.put(nine);
      return (await head(store, { ChecksumMode: "ENABLED" }))["ChecksumCRC64NVME"];
    },
    is: checksums.ChecksumCRC64NVME,
    atCeph: undefined,
  },
  {
    name: "a Content-MD5 is verified",
    of: async (store) => {
      const put = (md5: string): Promise<string> => outcomeOf(store.put(nine, { ContentMD5: md5 }));
      const right = createHash("md5").update(nine).digest("base64");
      return [await put(right), await put(createHash("md5").digest("base64")), await put("x")];
    },
    is: ["200", "400 BadDigest", "400 InvalidDigest"],
  },
  {
    name: "an object has at most one checksum",
    of: async (store) => {
      const { ChecksumCRC32, ChecksumSHA256 } = checksums;
      return outcomeOf(store.put(nine, { ChecksumCRC32, ChecksumSHA256 }));
    },
    is: "400 InvalidRequest",
    atCeph: "200",
  },
  {
    name: "a copy has a checksum of all its bytes",
    of: async (store) => {
      await store.put(nine);
      const CopySource = `${store.bucket}/${store.key}`;
      const command = { ...store.at({ CopySource }), Key: `${store.key}-copy` };
      const { CopyObjectResult } = await store.client.send(
        new CopyObjectCommand({ ...command, ChecksumAlgorithm: "SHA256" }),
      );
      return [CopyObjectResult?.ChecksumSHA256, CopyObjectResult?.ChecksumType];
    },
    is: [checksums.ChecksumSHA256, "FULL_OBJECT"],
    atCeph: [undefined, undefined],
  },
  {
    name: "multipart uploads have no full-object SHA-256 and no composite CRC64NVME",
    of: async (store) => {
      const begun = (
        ChecksumAlgorithm: "SHA256" | "CRC64NVME",
        ChecksumType: "FULL_OBJECT" | "COMPOSITE",
      ): Promise<string> =>
        outcomeOf(
          store.client.send(
            new CreateMultipartUploadCommand(store.at({ ChecksumAlgorithm, ChecksumType })),
          ),
        );
      return [await begun("SHA256", "FULL_OBJECT"), await begun("CRC64NVME", "COMPOSITE")];
    },
    is: ["400 InvalidRequest", "400 InvalidRequest"],
    atCeph: ["200", "200"],
  },
];

async function head(
  store: Store,
  rest: { ChecksumMode?: "ENABLED" },
): Promise<Record<string, unknown>> {
  const command = new HeadObjectCommand(store.at(rest));
  return { ...(await store.client.send(command)) };
}
