import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  inMemory,
} from '../../src/protocol/kafka/codec.js';
import { APIS } from '../../src/protocol/kafka/messages/table.js';
import { Reader } from '../../src/protocol/kafka/reader.js';

/** One frame as it crossed the wire, without its size, in base64. */
export interface RecordedFrame {
  readonly api: string;
  readonly version: number;
  readonly direction: 'request' | 'response';
  readonly bytes: string;
}

/** The frame decoded by our codec and encoded again; undefined where our broker doesn't speak that version. */
export function coded({ api: name, version, direction, bytes }: RecordedFrame): Buffer | undefined {
  const api = APIS.find((one) => one.name === name);
  if (api === undefined || version < api.versions[0] || version > api.versions[1]) return undefined;
  const frame = Buffer.from(bytes, 'base64');
  if (direction === 'request') {
    const reader = new Reader(frame);
    const { correlationId, clientId } = decodeRequestHeader(reader);
    const value = decodeRequest(api, version, reader);
    return Buffer.concat(encodeRequest(api, version, { correlationId, clientId }, value)).subarray(4);
  }
  const { correlationId, value } = decodeResponse(api, version, frame);
  return Buffer.concat(inMemory(encodeResponse(api, version, correlationId, value))).subarray(4);
}
