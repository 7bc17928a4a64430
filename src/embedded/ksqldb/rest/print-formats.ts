import { isUtf8 } from 'node:buffer';
import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import type { Registry } from '../../../ksql/formats/registry.js';
import { unframeValue } from '../../../protocol/confluent/framing.js';

interface Candidate {
  readonly name: string;
  readonly fits: (bytes: Buffer) => boolean;
}

const ofLength = (name: string, length: number): Candidate => ({ name, fits: (bytes) => bytes.length === length });
const INTEGERS = [ofLength('KAFKA_INT', 4), ofLength('KAFKA_BIGINT', 8), ofLength('KAFKA_DOUBLE', 8)];
const STRING: Candidate = { name: 'KAFKA_STRING', fits: isUtf8 };
const JSON_TEXT: Candidate = { name: 'JSON', fits: isJson };

/** A key has the bounds of its window behind it: of a session both. */
const WINDOW_BYTES = { SESSION: 16, HOPPING: 8, TUMBLING: 8 } as const;

const windowed = ({ name, fits }: Candidate): Candidate[] =>
  Object.entries(WINDOW_BYTES).map(([window, length]) => ({
    name: `${window}(${name})`,
    fits: (bytes) => bytes.length >= length && fits(bytes.subarray(0, bytes.length - length)),
  }));

const CANDIDATES = {
  key: [JSON_TEXT, ...INTEGERS, ...[...INTEGERS, STRING].flatMap(windowed), STRING],
  value: [JSON_TEXT, ...INTEGERS, STRING],
} as const;

const REGISTERED: Readonly<Record<string, string>> = { AVRO: 'AVRO', PROTOBUF: 'PROTOBUF', JSON: 'JSON_SR' };
const NO_DATA = '¯\\_(ツ)_/¯ - no data processed';

type Role = keyof typeof CANDIDATES;

/** What keys and values of a topic may be: whatever all records so far could be read as. */
export class PrintFormats {
  private readonly left: Record<Role, ReadonlySet<string> | undefined> = { key: undefined, value: undefined };
  private readonly said: Record<Role, string> = { key: '', value: '' };

  constructor(private readonly registry: Registry | undefined) {}

  /** The lines to be printed before these records: what is not known from the lines before. */
  async seen(records: readonly KafkaRecord[]): Promise<string[]> {
    const lines: string[] = [];
    for (const role of ['key', 'value'] as const) {
      for (const { [role]: bytes } of records) if (bytes !== null) await this.narrow(role, bytes);
      const line = `${role === 'key' ? 'Key' : 'Value'} format: ${this.shown(role)}`;
      if (line !== this.said[role]) lines.push(line);
      this.said[role] = line;
    }
    return lines;
  }

  private shown(role: Role): string {
    const left = this.left[role];
    return left === undefined ? NO_DATA : [...left].join(' or ') || 'UNRECOGNISED_BYTES';
  }

  private async narrow(role: Role, bytes: Buffer): Promise<void> {
    const left = this.left[role];
    const mayBeRegistered = left === undefined || Object.values(REGISTERED).some((name) => left.has(name));
    const registered = mayBeRegistered ? await this.registeredAs(bytes) : undefined;
    const isLeft = (name: string): boolean => left?.has(name) ?? true;
    const fitting = CANDIDATES[role].filter(({ name, fits }) => isLeft(name) && fits(bytes)).map(({ name }) => name);
    this.left[role] = new Set([...(registered !== undefined && isLeft(registered) ? [registered] : []), ...fitting]);
  }

  private async registeredAs(bytes: Buffer): Promise<string | undefined> {
    const framed = unframeValue(bytes);
    if (framed === undefined) return undefined;
    try {
      const schema = await this.registry?.schemaById(framed.schemaId);
      return schema === undefined ? undefined : REGISTERED[schema.type];
    } catch {
      return undefined; // Not framed after all.
    }
  }
}

function isJson(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false;
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
