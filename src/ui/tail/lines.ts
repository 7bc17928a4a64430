import type { DecodedRecord } from '../../operations/tail/record.js';
import { columnsOf } from '../../support/text-columns.js';
import { column, columnRight, type Line, line, span, truncateLine, widthOf, wrap, wrapKept } from '../text/line.js';
import { printable } from '../text/printable.js';
import { bytes, clockTime, count, counted } from '../text/quantities.js';
import type { TailModel } from './model.js';
import { changesOf, changeValue, keyText, typeText, valueLine } from './summary.js';

const KEY_COLUMNS = 12;
/** The most that a record's event type and topic may take of a line, so that its value has room. */
const TYPE_SHARE = 0.2;
const TOPIC_SHARE = 0.2;
const PARTITION_LINES_MAX = 8;
/** Of a value that is opened: more is not laid out. */
const VALUE_CHARACTERS_MAX = 100_000;

export interface TailView {
  readonly columns: number;
  readonly rows: number;
  readonly topics: readonly string[];
  readonly perSecond: number;
}

/** Exactly `rows` lines: heading, partitions where asked for, records, the open record, keys. */
export function tailLines(model: TailModel, view: TailView): Line[] {
  const { keys } = model;
  const panel = keys.partitions ? partitionLines(model, view) : [];
  const room = Math.max(1, view.rows - 2 - panel.length);
  const listRows = keys.open ? Math.max(1, Math.floor(room / 3)) : room;
  const list = listLines(model, view, listRows);
  const open = keys.open ? openLines(model, view, room - listRows) : [];
  const lines = [heading(model, view), ...panel, ...list, ...open, footer(model, view)];
  return lines.map((one) => truncateLine(one, view.columns));
}

function heading(model: TailModel, view: TailView): Line {
  const { topics } = view;
  const only = model.topic ?? (topics.length === 1 ? topics[0] : undefined);
  const name =
    only === undefined
      ? `${topics.length} topics: ${topics.map(printable).join(', ')}`
      : `${printable(only)}${topics.length > 1 ? ` (1 of ${topics.length} topics)` : ''}`;
  const formats = [...new Set(model.formats.values())].join(', ');
  const facts = [formats, counted(model.partitions.size, 'partition')].filter((fact) => fact !== '').join('   ');
  const rate = columnRight(`${count(view.perSecond)}/s`, 10);
  const state = model.keys.following
    ? model.over === 'ended'
      ? span('at the end', 'dim')
      : span('following', 'good')
    : span('paused', 'wait');
  const right = line(rate, '   ', state);
  const left = truncateLine(line(span(name, 'strong'), span(`   ${facts}`, 'dim')), view.columns - widthOf(right) - 1);
  return line(...left, ' '.repeat(Math.max(1, view.columns - widthOf(left) - widthOf(right))), ...right);
}

function partitionLines(model: TailModel, view: TailView): Line[] {
  const seen = [...model.partitions.values()].sort(
    (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition,
  );
  const shown = seen.slice(0, seen.length > PARTITION_LINES_MAX ? PARTITION_LINES_MAX - 1 : PARTITION_LINES_MAX);
  const lines = shown.map(({ topic, partition, records, lastOffset }) =>
    line(
      span(
        `  ${view.topics.length > 1 ? `${column(printable(topic), topicColumns(view))} ` : ''}partition ${columnRight(String(partition), 3)}`,
      ),
      `   ${columnRight(count(records), 11)} read   last offset ${count(lastOffset)}`,
    ),
  );
  if (shown.length < seen.length) lines.push(line(span(`  and ${seen.length - shown.length} more`, 'dim')));
  return lines;
}

function listLines(model: TailModel, view: TailView, height: number): Line[] {
  model.pageRows = Math.max(1, height - 1);
  const { rows, cursor } = model;
  const last = Math.max(0, rows.count - height);
  const at = rows.indexOf(cursor);
  const before = model.keys.following ? last : Math.min(rows.indexOf(model.top), last);
  const top = Math.max(Math.min(before, at), at - height + 1);
  model.top = rows.numberAt(top) ?? 0;
  const numbers: number[] = [];
  for (let index = top; index < Math.min(rows.count, top + height); index++) {
    const number = rows.numberAt(index);
    if (number !== undefined) numbers.push(number);
  }
  const lines = recordLines(model, view, numbers, cursor);
  if (lines.length === 0) lines.push(line(span(`  ${nothingText(model)}`, 'dim')));
  while (lines.length < height) lines.push(line());
  return lines;
}

function nothingText(model: TailModel): string {
  const { filtering } = model;
  if (filtering !== undefined) return filtering.left > 0 ? 'searching…' : 'nothing found';
  return model.over === 'ended' ? 'no records' : 'waiting for records…';
}

function recordLines(model: TailModel, view: TailView, numbers: readonly number[], cursor: number): Line[] {
  const records = numbers.flatMap((number) => {
    const record = model.ring.at(number);
    return record === undefined ? [] : [{ number, record, decoded: model.decodedAt(number) }];
  });
  const offsets = widest(records.map(({ record }) => String(record.offset)));
  const partitions = widest(records.map(({ record }) => String(record.partition)));
  const types = Math.min(
    Math.floor(view.columns * TYPE_SHARE),
    widest(records.map(({ decoded }) => (decoded && typeText(decoded)) ?? '')),
  );
  const topics = view.topics.length > 1 ? topicColumns(view) : 0;
  return records.map(({ number, record, decoded }) => {
    const here = number === cursor && !model.keys.following;
    const place = [
      here ? '› ' : '  ',
      column(clockTime(record.timestampMs), 12),
      ...(topics > 0 ? [` ${column(printable(record.topic), topics)}`] : []),
      ` ${columnRight(String(record.partition), partitions)} ${columnRight(String(record.offset), offsets)}  `,
    ].join('');
    if (decoded === undefined) return line(span(place, 'dim'), span('…', 'dim'));
    const type = types > 0 ? `  ${column(typeText(decoded) ?? '', types)}` : '';
    const value = valueLine(decoded, {
      changes: model.keys.changes,
      previous: model.keys.changes ? model.previousValueOf(number) : undefined,
    });
    return line(
      span(place, here ? 'strong' : 'dim'),
      column(keyText(decoded.key), KEY_COLUMNS),
      span(type),
      '  ',
      ...value,
    );
  });
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => columnsOf(text)));
}

function topicColumns(view: TailView): number {
  return Math.min(Math.floor(view.columns * TOPIC_SHARE), widest(view.topics.map(printable)));
}

function openLines(model: TailModel, view: TailView, height: number): Line[] {
  const lines = recordDetail(model, view);
  const room = Math.max(0, height - 1);
  const top = Math.min(model.keys.openTop, Math.max(0, lines.length - room));
  const hidden = lines.length - room;
  const position =
    hidden > 0 ? ` ${top + 1}–${Math.min(lines.length, top + room)} of ${lines.length}, page keys scroll ` : '';
  const rule = `${'─'.repeat(Math.max(0, view.columns - columnsOf(position)))}${position}`;
  const shown = lines.slice(top, top + room);
  while (shown.length < room) shown.push(line());
  return [line(span(rule, 'dim')), ...shown];
}

function recordDetail(model: TailModel, { columns, topics }: TailView): Line[] {
  const number = model.cursor;
  const record = model.ring.at(number);
  if (record === undefined) return [line(span('no record', 'dim'))];
  const decoded = model.decodedAt(number);
  const place = [
    ...(topics.length > 1 ? [printable(record.topic)] : []),
    `partition ${record.partition} offset ${record.offset}`,
    record.timestampMs < 0 ? 'no time' : new Date(record.timestampMs).toISOString(),
    bytes(record.valueBytes),
  ];
  const placed = wrap(place.join('   '), columns).map((text) => line(span(text, 'dim')));
  if (decoded === undefined) return [...placed, line(span('decoding…', 'dim'))];
  const about = [`key ${printable(JSON.stringify(decoded.key))}`, ...schemaTexts(decoded)];
  return [
    ...placed,
    ...wrap(about.join('   '), columns).map((text) => line(text)),
    ...headerTable(decoded, columns),
    ...valueDetail(model, number, decoded, columns),
  ];
}

/** Names in one column, values in the other. */
function headerTable({ headers }: DecodedRecord, columns: number): Line[] {
  const names = Math.min(Math.floor(columns * HEADER_NAMES_SHARE), widest(headers.map(([name]) => printable(name))));
  return headers.flatMap(([name, value]) =>
    wrapKept(value === null ? '∅' : printable(value), Math.max(1, columns - names - 4)).map((text, row) =>
      line('  ', span(column(row === 0 ? printable(name) : '', names), 'dim'), '  ', text),
    ),
  );
}

const HEADER_NAMES_SHARE = 0.4;

function schemaTexts({ format, schema }: DecodedRecord): string[] {
  if (schema === undefined) return format === undefined ? [] : [format];
  const { subject, version, id } = schema;
  const name = [subject, version === undefined ? undefined : `v${version}`]
    .filter((part) => part !== undefined)
    .join(' ');
  return [`schema ${name === '' ? '' : `${printable(name)} `}(id ${id})`];
}

function valueDetail(model: TailModel, number: number, decoded: DecodedRecord, columns: number): Line[] {
  if (decoded.valueError !== undefined) {
    return wrap(printable(decoded.valueError), columns).map((text) => line(span(text, 'bad')));
  }
  if (decoded.value === null) return [line('∅ tombstone: the key is deleted')];
  const changes = model.keys.changes ? changesOf(decoded.value, model.previousValueOf(number)) : undefined;
  const changed = (changes ?? []).map(({ path, before, after }) =>
    line(
      '  ',
      span(printable(path)),
      '  ',
      span(changeValue(before), 'dim'),
      ' → ',
      span(changeValue(after), 'strong'),
    ),
  );
  const before = changed.length === 0 ? [] : [line(span('before → after', 'dim')), ...changed];
  const text = typeof decoded.value === 'string' ? decoded.value : JSON.stringify(decoded.value, null, 2);
  const value = text
    .slice(0, VALUE_CHARACTERS_MAX)
    .split('\n')
    .flatMap((one) => wrapKept(printable(one), columns));
  const cut =
    text.length > VALUE_CHARACTERS_MAX
      ? [line(span(`… ${bytes(text.length - VALUE_CHARACTERS_MAX)} more`, 'dim'))]
      : [];
  return [...before, ...value.map((one) => line(one)), ...cut];
}

/** The first that fits. */
const KEYS = [
  'space pause  ↑↓ move  ⏎ open  / filter  : jump  t topic  y copy  b before→after  p partitions  g/G ends  q quit',
  'space pause  ⏎ open  / filter  : jump  t topic  y copy  b p views  g/G  q quit',
  'space pause  ⏎  / filter  : jump  t topic  y copy  b p  g G  q quit',
  'space pause  ⏎  / find  : jump  t y  q',
];

function footer(model: TailModel, { columns }: TailView): Line {
  const { typing, following, prompt, said } = model.keys;
  if (typing !== undefined && prompt === 'filter')
    return line(
      span('/', 'strong'),
      printable(typing),
      '█',
      span('   ⏎ filter  key:… the key alone  esc cancel', 'dim'),
    );
  if (typing !== undefined)
    return line(span(':', 'strong'), printable(typing), '█', span('   143, 2:143 or 12:04:31  esc cancel', 'dim'));
  if (said !== undefined) return line(span(printable(said), 'wait'));
  const { filtering } = model;
  if (filtering !== undefined && model.keys.filter !== '') {
    const { matches, left, skipped } = filtering;
    const counts = [
      `${count(matches)} found`,
      ...(left > 0 ? [`${count(left)} to look at`] : []),
      ...(skipped > 0 ? [`${count(skipped)} passed unseen`] : []),
    ];
    const filter = span(`/${printable(model.keys.filter)}`, 'strong');
    return line(filter, `   ${counts.join(', ')}`, span('   / change  esc clear', 'dim'));
  }
  const all = KEYS.find((keys) => columnsOf(keys) < columns) ?? KEYS.at(-1) ?? '';
  return line(span(following ? all : all.replace('pause', 'follow'), 'dim'));
}
