import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseJson } from '../../protocol/json/parse.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { LINE_CHARACTERS_MAX, linesOf, tooLong } from '../../support/lines.js';
import type { DocumentsClient, FieldValue } from './contract.js';
import { CsvReader } from './csv.js';
import { fieldValueOf, valueAt } from './field-value.js';
import { type ScannedDocument, scannedDocuments } from './scanned.js';

/**
 * A file as documents: each line of JSON Lines, or each row of a CSV file below its header. A value of CSV has no type:
 * it is read as the column beside it; what is empty and not quoted is null, as COPY has it.
 */
export function fileDocuments(format: 'csv' | 'jsonl', shown: string): DocumentsClient {
  const rows = format === 'csv' ? csvRows : jsonRows;
  return scannedDocuments({ version: 'file', versioned: true, stampOf: settledStamp }, (file) => rows(file, shown));
}

/** File systems note times by a clock that ticks some times a second, some by one that ticks every two: what is written within a tick shows no new time. */
const TICK_MS = 3_000;

/** What any later write changes; undefined where the file was written just now, or its time is one to come. */
async function settledStamp(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  if (found === undefined || Number(found.mtimeMs) > Date.now() - TICK_MS) return undefined;
  return `${found.dev} ${found.ino} ${found.ctimeNs} ${found.mtimeNs} ${found.size}`;
}

/** Which file stands there, and when it was written last. One that is missing is found to be when it is read. */
async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? '' : `${found.dev} ${found.ino} ${found.mtimeNs} ${found.size}`;
}

const markOf = (stamp: string, line: number): string => `${stamp} ${line} `;

async function* jsonRows(file: string, shown: string): AsyncGenerator<ScannedDocument> {
  const stamp = await stampOf(file);
  let line = 0;
  for await (const text of fileLines(file, shown)) {
    line += 1;
    if (text.trim() === '') continue;
    const value = parseLine(text, { file: shown, line, column: 1 });
    yield { mark: markOf(stamp, line), at: (path) => fieldValueOf(valueAt(value, path.split('.'))) };
  }
}

function parseLine(text: string, location: { readonly file: string; readonly line: number; readonly column: number }) {
  try {
    return parseJson(text, 'text');
  } catch (cause) {
    throw new EvpipeError('EVPIPE_FILE_LINE', `the line is not valid JSON: ${messageOf(cause)}`, { cause, location });
  }
}

async function* csvRows(file: string, shown: string): AsyncGenerator<ScannedDocument> {
  const stamp = await stampOf(file);
  const reader = new CsvReader();
  let columns: ReadonlyMap<string, number> | undefined;
  const rowOf = ({ line, values }: CsvReader['rows'][number]): ScannedDocument | undefined => {
    if (values === undefined) {
      throw new EvpipeError(
        'EVPIPE_FILE_LINE',
        'a field of this row has quotes within, neither around it nor doubled',
        {
          location: { file: shown, line, column: 1 },
        },
      );
    }
    if (columns === undefined) {
      columns = new Map(values.map((name, index) => [name ?? '', index]));
      return undefined;
    }
    if (values.length !== columns.size) {
      throw new EvpipeError('EVPIPE_FILE_LINE', `the row has ${values.length} values, and the header ${columns.size}`, {
        location: { file: shown, line, column: 1 },
      });
    }
    const byName = columns;
    return { mark: markOf(stamp, line), at: (path) => csvValue(values, byName.get(path)) };
  };
  for await (const text of fileLines(file, shown)) {
    reader.take(text);
    const { open } = reader;
    if (open !== undefined && open.characters > LINE_CHARACTERS_MAX)
      throw tooLong(shown, open.line, LINE_CHARACTERS_MAX);
    for (const found of reader.rows.splice(0)) {
      const row = rowOf(found);
      if (row !== undefined) yield row;
    }
  }
  if (reader.open === undefined) return;
  throw new EvpipeError('EVPIPE_FILE_LINE', 'the quotes that begin here never end', {
    location: { file: shown, line: reader.open.line, column: 1 },
  });
}

function csvValue(values: readonly (string | null)[], index: number | undefined): FieldValue {
  if (index === undefined) return { kind: 'missing' };
  const text = values[index];
  return text == null ? { kind: 'null' } : { kind: 'untyped', text };
}

/** Without their line feeds. */
async function* fileLines(file: string, shown: string): AsyncGenerator<string> {
  const input = createReadStream(file, 'utf8');
  try {
    let first = true;
    for await (const line of linesOf(input as AsyncIterable<string>, shown)) {
      yield first ? line.replace(/^\uFEFF/, '') : line;
      first = false;
    }
  } catch (cause) {
    if (cause instanceof EvpipeError) throw cause;
    throw new EvpipeError('EVPIPE_FILE', `cannot read ${shown}: ${messageOf(cause)}`, { cause, kind: 'usage' });
  } finally {
    input.destroy();
  }
}
