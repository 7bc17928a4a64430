import type { ByteWriter } from './byte-writer.js';
import { type Args, type Fields, type Method, writeArgs } from './method.js';

export const FRAME_METHOD = 1;
export const FRAME_HEADER = 2;
export const FRAME_BODY = 3;
export const FRAME_HEARTBEAT = 8;
export const FRAME_END = 0xce;

/** Type, channel and size before the payload, the end octet behind it. */
export const FRAME_OVERHEAD = 8;

/** What both sides must be able to take before they have agreed on more. */
export const FRAME_MIN_SIZE = 4096;

export const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1');

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

function beginFrame(writer: ByteWriter, type: number, channel: number): number {
  writer.octet(type);
  writer.short(channel);
  return writer.skip(4);
}

function endFrame(writer: ByteWriter, size: number): void {
  writer.patchLong(size, writer.at - size - 4);
  writer.octet(FRAME_END);
}

export function writeMethodFrame<F extends Fields>(
  writer: ByteWriter,
  channel: number,
  method: Method<F>,
  args: Args<F>,
): void {
  const size = beginFrame(writer, FRAME_METHOD, channel);
  writer.short(method.classId);
  writer.short(method.methodId);
  writeArgs(writer, method, args);
  endFrame(writer, size);
}

/** A content header: the size of the body, and the properties in their encoded form. */
export function writeHeaderFrame(
  writer: ByteWriter,
  channel: number,
  classId: number,
  bodySize: number,
  properties: Buffer,
): void {
  const size = beginFrame(writer, FRAME_HEADER, channel);
  writer.short(classId);
  writer.short(0); // weight, unused
  writer.longlong(bodySize);
  writer.raw(properties);
  endFrame(writer, size);
}

export function writeBodyFrame(writer: ByteWriter, channel: number, body: Uint8Array): void {
  const size = beginFrame(writer, FRAME_BODY, channel);
  writer.raw(body);
  endFrame(writer, size);
}

export function writeHeartbeat(writer: ByteWriter): void {
  endFrame(writer, beginFrame(writer, FRAME_HEARTBEAT, 0));
}
