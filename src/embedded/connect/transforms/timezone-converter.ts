import { optional, required, splitList } from '../../../protocol/connect/option.js';
import { offsetMs, zoneOffsetAt } from '../../../protocol/time-zone.js';
import type { Options } from '../config/options.js';
import { ConnectFailure, DEBEZIUM_EXCEPTION } from '../data/failure.js';
import { int64, type Schema, Struct, type Value } from '../data/schema.js';
import { DEBEZIUM, isEnvelope, type TransformPlugin } from './transform.js';

export const timezoneConverter: TransformPlugin = {
  className: `${DEBEZIUM}.TimezoneConverter`,
  meaning:
    'Times of rows in another zone. Text with an offset keeps its instant; a number is read as local time of the zone, and so moves.',
  options: [
    {
      ...required('STRING', 'converted.timezone', 'A place (Europe/Berlin) or an offset (+02:00).'),
      wording: 'debezium',
    },
    optional('LIST', 'include.list', null, 'Tables, topics and fields to convert: source:orders:at.', {
      importance: 'HIGH',
    }),
    optional('LIST', 'exclude.list', null, 'Tables, topics and fields to leave alone.', { importance: 'HIGH' }),
  ],
  create(options) {
    const rules = readRules(options);
    const zone = options.string('converted.timezone');
    if (!isZone(zone))
      throw refused(
        'Invalid timezone format. Please specify either a geographic timezone (e.g. America/Los_Angeles) or a UTC offset in the format of +/-hh:mm, (e.g. +08:00).',
      );
    return (record) => {
      if (!isEnvelope(record) || !(record.value instanceof Struct)) return record;
      const event = record.value;
      const source = event.get('source');
      const applies = rules(record.topic, source instanceof Struct ? String(source.get('table')) : '');
      const values = event.schema.fields.map((field): Value => {
        const value = event.values[field.index] ?? null;
        if (!(value instanceof Struct) || !['before', 'after', 'source'].includes(field.name)) return value;
        return converted(value, zone, (name) => applies(field.name, name));
      });
      return { ...record, value: new Struct(event.schema, values) };
    };
  },
};

/** Whether the field of a block (before, after, source) is converted. */
type Applies = (block: string, field: string) => boolean;
type Rules = (topic: string, table: string) => Applies;

const RULE_LIST = /^\[(source|topic|[".\w\s_]+):([".\w\s_]+(?::[".\w\s_]+)?(?:,|]$))+$/;
const isRow = (block: string): boolean => block !== 'source';
const refused = (message: string): ConnectFailure => new ConnectFailure(message, { className: DEBEZIUM_EXCEPTION });

function readRules(options: Options): Rules {
  const included = splitList(options.string('include.list'));
  const excluded = splitList(options.string('exclude.list'));
  const [kind, list] = included.length > 0 ? (['include', included] as const) : (['exclude', excluded] as const);
  if (list.length > 0 && !RULE_LIST.test(`[${list.join(', ')}]`))
    throw refused(
      `Invalid ${kind} list format. Please specify a list of rules in the format of "source:<tablename>:<fieldnames>", "topic:<topicname>:<fieldnames>", "<matchname>:<fieldnames>"`,
    );
  if (included.length > 0 && excluded.length > 0)
    throw refused('Both include and exclude lists are specified. Please specify only one.');
  if (list.length === 0) return () => isRow;
  const fieldsOf = ruleFields(list);
  return (topic, table) => {
    const fields = fieldsOf(topic, table);
    if (fields === undefined) return kind === 'exclude' ? isRow : () => false;
    if (fields.size === 0) return kind === 'exclude' ? () => false : isRow;
    const named = (block: string, field: string): boolean =>
      fields.has(`${block}.${field}`) || (isRow(block) && fields.has(field));
    if (kind === 'include') return named;
    return (block, field) =>
      (isRow(block) || [...fields].some((one) => one.startsWith('source.'))) && !named(block, field);
  };
}

/** The prefix of one rule (source, topic) holds for those after it that have none. */
function ruleFields(list: readonly string[]): (topic: string, table: string) => ReadonlySet<string> | undefined {
  const byPrefix = {
    topic: new Map<string, Set<string>>(),
    source: new Map<string, Set<string>>(),
    none: new Map<string, Set<string>>(),
  };
  let prefix: keyof typeof byPrefix = 'none';
  for (const rule of list) {
    const parts = rule.split(':');
    const first = parts[0]?.toLowerCase();
    if (parts.length > 1 && (first === 'source' || first === 'topic')) {
      prefix = first;
      parts.shift();
    }
    const [name = '', field] = parts;
    const fields = byPrefix[prefix].get(name) ?? new Set<string>();
    if (field !== undefined) fields.add(field);
    byPrefix[prefix].set(name, fields);
  }
  return (topic, table) =>
    byPrefix.topic.get(topic) ?? byPrefix.source.get(table) ?? byPrefix.none.get(topic) ?? byPrefix.none.get(table);
}

function converted(row: Struct, zone: string, applies: (field: string) => boolean): Struct {
  const values = row.schema.fields.map((field): Value => {
    const value = row.values[field.index] ?? null;
    return value === null || !applies(field.name) ? value : convert(field.schema, value, zone);
  });
  return new Struct(row.schema, values);
}

/** Units per second of the numeric types. */
const UNITS: ReadonlyMap<string | undefined, bigint> = new Map([
  ['io.debezium.time.Timestamp', 1_000n],
  ['org.apache.kafka.connect.data.Timestamp', 1_000n],
  ['io.debezium.time.MicroTimestamp', 1_000_000n],
  ['io.debezium.time.NanoTimestamp', 1_000_000_000n],
]);

function convert(schema: Schema, value: Value, zone: string): Value {
  const unit = UNITS.get(schema.name);
  if (unit !== undefined && (typeof value === 'number' || typeof value === 'bigint')) {
    const local = BigInt(value);
    const ms = Number((local * 1_000n) / unit);
    return int64(local - BigInt(offsetMs(zone, ms) / 1000) * unit);
  }
  if (typeof value !== 'string') return value;
  if (schema.name === 'io.debezium.time.ZonedTimestamp') return zonedTimestamp(value, zone);
  return schema.name === 'io.debezium.time.ZonedTime' ? zonedTime(value, zone) : value;
}

const OFFSET = /(Z|[+-]\d\d:\d\d(?::\d\d)?)$/;
const DAY_SECONDS = 86_400;

/** Debezium looks the zone's offset up by the text's own date and time, as if they were local. */
function zonedTimestamp(text: string, zone: string): string {
  const [head = '', fraction] = text.replace(OFFSET, '').split('.');
  const own = offsetSecondsOf(text);
  const localMs = Date.parse(`${head}Z`);
  if (Number.isNaN(localMs)) throw refused(`Text '${text}' could not be parsed as a time with an offset`);
  const offset = offsetMs(zone, localMs) / 1000;
  const moved = new Date(localMs + (offset - own) * 1000).toISOString().slice(0, -5);
  return `${moved}${fraction === undefined ? '' : `.${fraction}`}${offsetText(offset)}`;
}

/** A time of day has no date: the offset is that of now. */
function zonedTime(text: string, zone: string): string {
  const [head = '', fraction] = text.replace(OFFSET, '').split('.');
  const [hours = 0, minutes = 0, seconds = 0] = head.split(':').map(Number);
  const offset = zoneOffsetAt(zone, Date.now()) / 1000;
  const total = hours * 3600 + minutes * 60 + seconds + offset - offsetSecondsOf(text);
  const ofDay = ((total % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  const moved = new Date(ofDay * 1000).toISOString().slice(11, 19);
  return `${moved}${fraction === undefined ? '' : `.${fraction}`}${offsetText(offset)}`;
}

function offsetSecondsOf(text: string): number {
  const [, offset = 'Z'] = OFFSET.exec(text) ?? [];
  if (offset === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}

function offsetText(seconds: number): string {
  if (seconds === 0) return 'Z';
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function isZone(zone: string): boolean {
  if (/^[+-]\d{2}:\d{2}$/.test(zone)) return true;
  try {
    offsetMs(zone, 0);
    return /^[A-Z]/.test(zone);
  } catch {
    return false;
  }
}
