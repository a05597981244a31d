import type { X509Certificate } from "node:crypto";

import { ImageError } from "@drayage/core";
import {
  Constructed,
  fromBER,
  Integer,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as ASN1Set,
} from "asn1js";
import type { BaseBlock } from "asn1js";

import { invalidLayer } from "./invalid-layer.ts";

/** The parts of PKCS #7 enveloped data that unwrap a key (RFC 2315, section 10). */
export interface EnvelopedData {
  readonly algorithm: "aes-128-gcm" | "aes-256-gcm";
  readonly nonce: Uint8Array;
  /** The encrypted content and its tag. */
  readonly content: Uint8Array;
  readonly encryptedKeys: readonly Uint8Array[];
}

/** Enveloped data to write. */
export interface NewEnvelopedData {
  readonly nonce: Uint8Array;
  readonly content: Uint8Array;
  readonly recipients: readonly {
    readonly certificate: X509Certificate;
    readonly encryptedKey: Uint8Array;
  }[];
}

const objects = {
  envelopedData: "1.2.840.113549.1.7.3",
  data: "1.2.840.113549.1.7.1",
  rsaEncryption: "1.2.840.113549.1.1.1",
  aes128GCM: "2.16.840.1.101.3.4.1.6",
  aes256GCM: "2.16.840.1.101.3.4.1.46",
} as const;

const tagSize = 16;
const maxRecipients = 256;
const sequenceTag = 16;
const what = "PKCS #7 data of a layer's key";

/**
 * Writes enveloped data with AES-128-GCM. Go's pkcs7 package, which ocicrypt uses, requires two deviations from the
 * standards: the parameters of the cipher are nested in a sequence that is marked as primitive, and the nonce has the
 * context-specific tag 4 instead of being an octet string.
 */
export function formatEnvelopedData({ nonce, content, recipients }: NewEnvelopedData): Buffer {
  const parameters = new Sequence({
    value: [
      new Primitive({ idBlock: { tagClass: 3, tagNumber: 4 }, valueHex: exact(nonce) }),
      new Integer({ value: tagSize }),
    ],
  });
  const nested = new Sequence({ value: [parameters] });
  nested.idBlock.isConstructed = false;
  const encryptedContent = new Sequence({
    value: [
      new ObjectIdentifier({ value: objects.data }),
      new Sequence({ value: [new ObjectIdentifier({ value: objects.aes128GCM }), nested] }),
      tagged(0, new OctetString({ valueHex: exact(content) })),
    ],
  });
  const infos = recipients.map(
    ({ certificate, encryptedKey }) =>
      new Sequence({
        value: [
          new Integer({ value: 0 }),
          issuerAndSerialNumber(certificate),
          new Sequence({ value: [new ObjectIdentifier({ value: objects.rsaEncryption })] }),
          new OctetString({ valueHex: exact(encryptedKey) }),
        ],
      }),
  );
  const enveloped = new Sequence({
    value: [new Integer({ value: 0 }), new ASN1Set({ value: infos }), encryptedContent],
  });
  const whole = new Sequence({
    value: [new ObjectIdentifier({ value: objects.envelopedData }), tagged(0, enveloped)],
  });
  return Buffer.from(whole.toBER());
}

/** @throws ImageError `invalid-manifest`; `unsupported` for other algorithms */
export function parseEnvelopedData(bytes: Uint8Array): EnvelopedData {
  const whole = parseBER(bytes);
  const [type, wrapper] = childrenOf(whole);
  if (objectOf(type) !== objects.envelopedData)
    throw invalidLayer(what, "it is not enveloped data");
  const [, infos, encryptedContent] = childrenOf(childrenOf(wrapper)[0]);
  const recipients = childrenOf(infos);
  if (recipients.length > maxRecipients)
    throw invalidLayer(
      what,
      `it has ${recipients.length} recipients; the limit is ${maxRecipients}`,
    );
  const [, algorithmIdentifier, content] = childrenOf(encryptedContent);
  const [algorithm, parameters] = childrenOf(algorithmIdentifier);
  return {
    algorithm: cipherOf(objectOf(algorithm)),
    nonce: nonceIn(parameters),
    content: octetsOf(content),
    encryptedKeys: recipients.flatMap(encryptedKeyIn),
  };
}

function cipherOf(object: string | undefined): EnvelopedData["algorithm"] {
  if (object === objects.aes128GCM) return "aes-128-gcm";
  if (object === objects.aes256GCM) return "aes-256-gcm";
  throw new ImageError(
    "unsupported",
    `A layer's key is encrypted with the PKCS #7 algorithm ${object}; encrypt the image again with AES-GCM, because other modes do not detect changes`,
  );
}

/** The key that is encrypted with RSA for a certificate; empty for other kinds of recipients. */
function encryptedKeyIn(info: BaseBlock): readonly Uint8Array[] {
  if (!isSequence(info)) return [];
  const [, , algorithm, key] = childrenOf(info);
  return objectOf(childrenOf(algorithm)[0]) === objects.rsaEncryption ? [octetsOf(key)] : [];
}

/** The nonce in the parameters, nested as Go writes them or not (RFC 5084, section 3.2). */
function nonceIn(parameters: BaseBlock | undefined): Uint8Array {
  const [first] = childrenOf(parameters);
  const nonce = first !== undefined && isSequence(first) ? childrenOf(first)[0] : first;
  const { tagClass, tagNumber } = nonce?.idBlock ?? {};
  if (nonce === undefined || tagNumber !== 4 || (tagClass !== 1 && tagClass !== 3))
    throw invalidLayer(what, "the parameters of the cipher have no nonce");
  return valueOf(nonce);
}

/** The issuer and the serial number of a certificate, byte for byte (RFC 5280, section 4.1). */
function issuerAndSerialNumber({ raw }: X509Certificate): Sequence {
  const fields = childrenOf(childrenOf(parseBER(raw))[0]);
  const hasVersion = fields[0]?.idBlock.tagClass === 3;
  const [serialNumber, , issuer] = hasVersion ? fields.slice(1) : fields;
  if (serialNumber === undefined || issuer === undefined)
    throw invalidLayer("certificate", "it has no issuer");
  return new Sequence({ value: [issuer, serialNumber] });
}

function parseBER(bytes: Uint8Array): BaseBlock {
  const { offset, result } = readBER(bytes);
  if (offset !== bytes.byteLength)
    throw invalidLayer(what, result.error || "it has a wrong length");
  return result;
}

/** asn1js recurses for each level of nesting, so that hostile data can exceed the stack. */
function readBER(bytes: Uint8Array): ReturnType<typeof fromBER> {
  try {
    return fromBER(exact(bytes));
  } catch (cause) {
    throw invalidLayer(what, "it cannot be read", cause);
  }
}

function isSequence({ idBlock }: BaseBlock): boolean {
  return idBlock.tagClass === 1 && idBlock.tagNumber === sequenceTag;
}

/** The parts of a constructed value. @throws ImageError `invalid-manifest` */
function childrenOf(block: BaseBlock | undefined): readonly BaseBlock[] {
  const value: unknown = (block?.valueBlock as { readonly value?: unknown } | undefined)?.value;
  if (Array.isArray(value)) return value as readonly BaseBlock[];
  throw invalidLayer(what, "a part is missing");
}

function objectOf(block: BaseBlock | undefined): string | undefined {
  return block instanceof ObjectIdentifier ? block.getValue() : undefined;
}

/** The bytes of an octet string, which BER may split into several. */
function octetsOf(block: BaseBlock | undefined): Uint8Array {
  if (block === undefined) throw invalidLayer(what, "a part is missing");
  const { value } = block.valueBlock as { readonly value?: unknown };
  if (!block.idBlock.isConstructed) return valueOf(block);
  return Buffer.concat((value as readonly BaseBlock[]).map(octetsOf));
}

function valueOf({ valueBlock }: BaseBlock): Uint8Array {
  const { valueHexView } = valueBlock as { readonly valueHexView?: Uint8Array };
  if (valueHexView === undefined) throw invalidLayer(what, "a part has no value");
  return new Uint8Array(valueHexView);
}

function tagged(tagNumber: number, value: BaseBlock): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [value] });
}

/** A copy with an `ArrayBuffer` of its own. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
