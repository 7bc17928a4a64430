import { compileStruct, type Read, type Write } from './compile.js';
import { Reader } from './reader.js';
import type { Api, Decoded, Fields, Given } from './schema.js';
import { type Part, Writer } from './writer.js';

/**
 * Frames of the Kafka protocol in both directions. Encoded messages come as a list of parts, size first, to be written
 * in this order; large record batches are parts of their own and are not copied. Decoded byte fields are slices of the
 * frame: keeping one keeps the frame.
 *
 * Values: every field of the table is there after decoding, with its default where the version lacks it; encoding
 * takes any subset, fills in the defaults, and leaves out what the version lacks.
 */

const API_VERSIONS_KEY = 18;

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

interface Compiled {
  readonly request: { readonly read: Read; readonly write: Write };
  readonly response: { readonly read: Read; readonly write: Write };
}

const compiled = new Map<Api, Array<Compiled | undefined>>();

function compiledOf(api: Api, version: number): Compiled {
  let versions = compiled.get(api);
  if (versions === undefined) {
    versions = [];
    compiled.set(api, versions);
  }
  let found = versions[version];
  if (found === undefined) {
    if (!hasVersion(api, version)) throw new RangeError(`${api.name} has no version ${version}`);
    const flexible = isFlexible(api, version);
    found = {
      request: compileStruct(api.request, version, flexible),
      response: compileStruct(api.response, version, flexible),
    };
    versions[version] = found;
  }
  return found;
}

export const hasVersion = (api: Api, version: number): boolean =>
  version >= api.versions[0] && version <= api.versions[1];

const isFlexible = (api: Api, version: number): boolean =>
  api.flexibleFrom !== undefined && version >= api.flexibleFrom;

/** ApiVersions is answered with the old header for ever, so that any client can read it. */
const hasFlexibleResponseHeader = (api: Api, version: number): boolean =>
  api.key !== API_VERSIONS_KEY && isFlexible(api, version);

/** The whole frame, its size included. Throws RangeError for a version that the table lacks. */
export function encodeRequest<Request extends Fields>(
  api: Api<Request, Fields>,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  value: Given<Request>,
): Buffer[] {
  const { write } = compiledOf(api, version).request;
  const writer = new Writer();
  writer.int32(0); // the size, filled in at the end
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(header.correlationId);
  writer.string(header.clientId);
  if (isFlexible(api, version)) writer.unsignedVarint(0);
  write(writer, value);
  return inMemory(writer.finishFrame());
}

/** The header of a frame (without its size), up to the client id; what follows depends on api and version. */
export function decodeRequestHeader(reader: Reader): RequestHeader {
  return {
    apiKey: reader.int16(),
    apiVersion: reader.int16(),
    correlationId: reader.int32(),
    clientId: reader.nullableString(),
  };
}

/**
 * The body, with the reader where `decodeRequestHeader` left it. What follows it is ignored, as Kafka does: librdkafka
 * leaves bytes behind AlterUserScramCredentials, and behind Metadata after a login.
 */
export function decodeRequest<Request extends Fields>(
  api: Api<Request, Fields>,
  version: number,
  reader: Reader,
): Decoded<Request> {
  const { read } = compiledOf(api, version).request;
  if (isFlexible(api, version)) skipTags(reader);
  return read(reader) as Decoded<Request>;
}

/** The whole frame, its size included; record batches that lie in a file stay deferred. */
export function encodeResponse<Response extends Fields>(
  api: Api<Fields, Response>,
  version: number,
  correlationId: number,
  value: Given<Response>,
): Part[] {
  const { write } = compiledOf(api, version).response;
  const writer = new Writer();
  writer.int32(0);
  writer.int32(correlationId);
  if (hasFlexibleResponseHeader(api, version)) writer.unsignedVarint(0);
  write(writer, value);
  return writer.finishFrame();
}

/** A response frame without its size. */
export function decodeResponse<Response extends Fields>(
  api: Api<Fields, Response>,
  version: number,
  frame: Buffer,
): { readonly correlationId: number; readonly value: Decoded<Response> } {
  const reader = new Reader(frame);
  const correlationId = reader.int32();
  if (hasFlexibleResponseHeader(api, version)) skipTags(reader);
  const value = compiledOf(api, version).response.read(reader);
  return { correlationId, value: value as Decoded<Response> };
}

function skipTags(reader: Reader): void {
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    reader.unsignedVarint();
    reader.slice(reader.unsignedVarint());
  }
}

/** A struct without header: the consumer protocol's subscription and assignment, control records. */
export function decodeStruct<F extends Fields>(fields: F, version: number, bytes: Buffer): Decoded<F> {
  return compileStruct(fields, version, false).read(new Reader(bytes)) as Decoded<F>;
}

/** The same, with the version (int16) that such structs begin with. */
export function encodeStruct<F extends Fields>(fields: F, version: number, value: Given<F>): Buffer {
  const writer = new Writer();
  writer.int16(version);
  compileStruct(fields, version, false).write(writer, value);
  return Buffer.concat(inMemory(writer.finish()));
}

/** For messages that hold no deferred bytes: everything but the answers of a broker that reads from files. */
export function inMemory(parts: readonly Part[]): Buffer[] {
  return parts.map((part) => {
    if (!Buffer.isBuffer(part)) throw new TypeError('deferred bytes where bytes are needed');
    return part;
  });
}
