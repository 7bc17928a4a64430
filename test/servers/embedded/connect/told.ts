import type { KafkaRecord } from '../../../../src/clients/kafka/contract.js';

/** A record as text, without what differs by nature: times of processing, run ids, prefixes. */
export interface Told {
  readonly topic: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: readonly string[];
}

/** `keepsPlaces`: what the source says of a streamed change (its place and time) has to be the same. */
export function told(record: KafkaRecord, prefix: string, keepsPlaces: boolean): Told {
  const clean = (bytes: Buffer | null): unknown => {
    if (bytes === null) return null;
    const text = bytes.toString('utf8').replaceAll(prefix, 'PREFIX');
    try {
      return withoutTimes(JSON.parse(text), keepsPlaces);
    } catch {
      return text;
    }
  };
  return {
    topic: record.topic.replaceAll(prefix, 'PREFIX'),
    key: clean(record.key),
    value: clean(record.value),
    headers: record.headers.map(
      ([name, value]) =>
        `${name}=${name.endsWith('runId') ? 'ID' : String(clean(value) && JSON.stringify(clean(value)))}`,
    ),
  };
}

const PROCESSING = new Set(['ts_ms', 'ts_us', 'ts_ns']);

function withoutTimes(json: unknown, keepsPlaces: boolean, inSource = false): unknown {
  if (Array.isArray(json)) return json.map((item) => withoutTimes(item, keepsPlaces));
  if (typeof json !== 'object' || json === null) return json;
  const object = json as Record<string, unknown>;
  const keep = keepsPlaces && inSource && object.snapshot === 'false';
  const entries = Object.entries(object).map(([name, value]): [string, unknown] => {
    if (typeof value === 'number' && PROCESSING.has(name)) return [name, keep ? value : 0];
    if (inSource && !keep && (name === 'lsn' || name === 'txId' || name === 'xmin'))
      return [name, keepsPlaces || value !== null ? 0 : null];
    if (name === 'sequence' && typeof value === 'string') return [name, keep ? value.replace(/^\[.*?,/, '[C,') : 'S'];
    return [name, withoutTimes(value, keepsPlaces, name === 'source')];
  });
  return Object.fromEntries(entries);
}
