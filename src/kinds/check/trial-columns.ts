import type { TableReader } from '../../consistency/table-reader.js';
import { EvpipeError } from '../../support/errors.js';
import type { Refusal } from '../resource.js';
import type { Session } from '../session.js';
import { type Check, openTable, replicaOperand, sourceOperand } from './check-operands.js';
import { partsOf, type SinglePlaceSection } from './section.js';

/** What a check names that is not there. */
type Missing = Refusal & { readonly summary: string };

/**
 * What checks name of a database's tables and its tables do not have, where `reader` reads what the migrations have made in
 * an empty one. A table that is not there is left to services and jobs, which make tables too.
 */
export async function columnsMissing(
  database: string,
  reader: TableReader,
  { pipeline, signal }: Pick<Session, 'pipeline' | 'signal'>,
): Promise<readonly Missing[]> {
  const sides = pipeline.checks.flatMap((check) =>
    check.kind === 'compare'
      ? [
          ...partsOf(check.source).map((place) => ({ check, place, side: 'source' as const })),
          { check, place: check.replica, side: 'replica' as const },
        ]
      : [],
  );
  const found: Missing[] = [];
  for (const { check, place, side } of sides) {
    const wrong = await wrongOf(check, place, side, database, reader, signal);
    for (const { message, location } of wrong) {
      const todo = 'Correct the check, or the migration that makes the table.';
      found.push({ summary: `check ${check.name}`, why: message, todo, location });
    }
  }
  return found;
}

async function wrongOf(
  check: Check,
  place: SinglePlaceSection,
  side: 'source' | 'replica',
  database: string,
  reader: TableReader,
  signal: AbortSignal,
): Promise<readonly EvpipeError[]> {
  if ((place.kind !== 'table' && place.kind !== 'query') || place.database !== database) return [];
  const opened = await unlessMissing(() => openTable(place, check, { reader, signal }));
  if (opened === undefined || opened instanceof EvpipeError) return opened === undefined ? [] : [opened];
  const wrong: EvpipeError[] = [];
  for (const section of ['key', 'columns'] as const) {
    for (const [name, from] of check[section] ?? []) {
      if (side === 'source' && place.constants.has(from)) continue;
      const operand = await unlessMissing(() =>
        side === 'source'
          ? sourceOperand(name, from, section, check, opened, signal)
          : replicaOperand(name, section, check, opened, signal),
      );
      if (operand instanceof EvpipeError) wrong.push(operand);
    }
  }
  return wrong;
}

/** Undefined where a table is not there; the failure where the file is wrong. */
async function unlessMissing<T>(work: () => Promise<T>): Promise<T | EvpipeError | undefined> {
  try {
    return await work();
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind !== 'usage') throw failure;
    return MISSING.test(failure.code) || isMissing(failure.cause) ? undefined : failure;
  }
}

/** Also undefined_table, _function, _object and invalid_schema_name: what others may make. */
const MISSING = /_(TABLE_MISSING|42P01|42883|42704|3F000)$/;
const isMissing = (cause: unknown): boolean => cause instanceof EvpipeError && MISSING.test(cause.code);
