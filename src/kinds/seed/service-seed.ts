import type { ServiceClient } from '../../clients/service/client.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import type { Ledger, LedgerView } from '../ledger/ledger.js';
import { type SeedPlan, seedRow } from './seed-rows.js';

export interface ServiceSeed extends SeedPlan {
  readonly service: string;
  readonly path: string;
  readonly location?: SourceLocation | undefined;
}

/** What the ledger keeps of a seed: all rows below `done` have been acknowledged by the service. */
interface SeedState {
  readonly done: number;
  readonly rows: number;
  readonly random: number;
}

/** Requests under way at once; the services answer them from one small pool each. */
const REQUESTS_AT_ONCE = 8;

/** Rows between two notes in the ledger: what a killed run repeats at most, which the rows' ids make harmless. */
const ROWS_PER_NOTE = 500;

const ledgerKey = (name: string): string => `seed/${name}`;

export function seedIsDone(seed: SeedPlan, ledger: LedgerView): boolean {
  return doneRows(seed, ledger) >= seed.rows;
}

/** How many rows are noted as created. */
export function doneRows(seed: SeedPlan, ledger: LedgerView): number {
  const state = ledger.get(ledgerKey(seed.name)) as SeedState | undefined;
  return state !== undefined && state.random === seed.random ? state.done : 0;
}

/**
 * Creates the rows that are not noted as done, through the service's own API, in order of row numbers, several at
 * once. Creating is idempotent by id, so going on after a kill doubles nothing. Answers with the rows created now.
 */
export async function applySeed(
  seed: ServiceSeed,
  all: ReadonlyMap<string, SeedPlan>,
  context: { readonly service: ServiceClient; readonly ledger: Ledger },
  report: { progress(done: number): void; readonly signal: AbortSignal },
): Promise<number> {
  const first = doneRows(seed, context.ledger);
  for (let from = first; from < seed.rows; from += ROWS_PER_NOTE) {
    const to = Math.min(from + ROWS_PER_NOTE, seed.rows);
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to) {
        const row = next;
        next += 1;
        await createRow(seed, row, all, context.service, report.signal);
        report.progress(next);
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
    await context.ledger.put(ledgerKey(seed.name), {
      done: to,
      rows: seed.rows,
      random: seed.random,
    } satisfies SeedState);
  }
  return Math.max(0, seed.rows - first);
}

async function createRow(
  seed: ServiceSeed,
  row: number,
  all: ReadonlyMap<string, SeedPlan>,
  service: ServiceClient,
  signal: AbortSignal,
): Promise<void> {
  const body = seedRow(seed, row, all);
  const answer = await service.request({ method: 'POST', path: seed.path, body, repeatable: true }, signal);
  if (answer.status >= 200 && answer.status < 300) return;
  const words = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  throw new EvpipeError(
    'EVPIPE_SEED_REFUSED',
    `service ${seed.service} rejected row ${row + 1} of seed ${seed.name} with ${answer.status}: ${words.slice(0, 500)}`,
    {
      todo: `The row was ${JSON.stringify(body)}.`,
      ...(seed.location === undefined ? {} : { location: seed.location }),
    },
  );
}
