import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type {
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
  PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import type { Reply } from "@drayage/test-support";

import type { S3Access } from "../../src/s3/s3-access.ts";
import { signedAsk } from "./signed-ask.ts";
import type { SignedQuestion } from "./signed-ask.ts";

type Input<Full> = Partial<Omit<Full, "Bucket" | "Key">> & { readonly Key?: string };

/** A key in a bucket of an S3 store, and functions to request it. */
export class Store {
  readonly access: S3Access;
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;

  constructor(access: S3Access, client: S3Client, bucket: string, key: string) {
    this.access = access;
    this.client = client;
    this.bucket = bucket;
    this.key = key;
  }

  /** The bucket and key, and other parameters of a command. */
  at<Rest extends object>(rest: Rest): { Bucket: string; Key: string } & Rest {
    return { Bucket: this.bucket, Key: this.key, ...rest };
  }

  /** Puts the object and returns its ETag. */
  async put(Body: string | Uint8Array, rest: Input<PutObjectCommandInput> = {}): Promise<string> {
    const bytes = Buffer.from(Body as Uint8Array);
    const content = { Body: bytes, ContentLength: bytes.byteLength };
    const command = new PutObjectCommand(this.at({ ...content, ...rest }));
    const { ETag = "" } = await this.client.send(command);
    return ETag;
  }

  async text(Key: string = this.key): Promise<string> {
    const { Body } = await this.client.send(new GetObjectCommand(this.at({ Key })));
    return text(Body as Readable);
  }

  async begin(rest: Input<CreateMultipartUploadCommandInput> = {}): Promise<string> {
    const { UploadId = "" } = await this.client.send(
      new CreateMultipartUploadCommand(this.at(rest)),
    );
    return UploadId;
  }

  async part(
    UploadId: string,
    PartNumber: number,
    Body: string | Uint8Array,
    Key: string = this.key,
  ): Promise<CompletedPart> {
    const command = new UploadPartCommand(this.at({ UploadId, PartNumber, Body, Key }));
    const { ETag = "" } = await this.client.send(command);
    return { ETag, PartNumber };
  }

  async complete(
    UploadId: string,
    Parts: CompletedPart[],
    rest: Input<CompleteMultipartUploadCommandInput> = {},
  ): Promise<string> {
    const { ETag = "" } = await this.client.send(
      new CompleteMultipartUploadCommand(
        this.at({ UploadId, MultipartUpload: { Parts }, ...rest }),
      ),
    );
    return ETag;
  }

  /** Sends the request as written, for the key: `PUT ?uploads`. */
  async raw(line: string, question: SignedQuestion = {}): Promise<Reply> {
    const [method = "", query = ""] = line.split(" ");
    const path = `/${this.bucket}/${this.key}`;
    return signedAsk(this.access, `${method} ${path}${query}`, question);
  }

  /** The same for the bucket: `GET ?list-type=2`. */
  async rawBucket(line: string, question: SignedQuestion = {}): Promise<Reply> {
    const [method = "", query = ""] = line.split(" ");
    return signedAsk(this.access, `${method} /${this.bucket}${query}`, question);
  }
}

export function clientOf(access: S3Access): S3Client {
  return new S3Client({ ...access, maxAttempts: 1, requestChecksumCalculation: "WHEN_REQUIRED" });
}
