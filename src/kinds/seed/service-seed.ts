import type { ServiceClient } from '../../clients/service/client.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import type { Ledger, LedgerView } from '../ledger/ledger.js';
import { Browser } from '../service/browser.js';
import type { LoginSection } from './section.js';
import type { SeedPlan } from './seed-rows.js';

export interface ServiceSeed extends SeedPlan {
  readonly service: string;
  readonly path: string;
  readonly form: boolean;
  readonly which?: string | undefined;
  readonly login: LoginSection | undefined;
  readonly location?: SourceLocation | undefined;
}

/** What the ledger keeps of a seed: all rows below `done` have been acknowledged by the service. */
interface SeedState {
  readonly done: number;
  readonly rows: number;
  readonly random: number;
  /** A form with the next row was sent, and it is not known whether it was accepted. */
  readonly isSending?: boolean;
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
  return stateOf(seed, ledger)?.done ?? 0;
}

function stateOf(seed: SeedPlan, ledger: LedgerView): SeedState | undefined {
  const state = ledger.get<SeedState>(ledgerKey(seed.name));
  return state?.random === seed.random ? state : undefined;
}

interface SeedContext {
  readonly service: ServiceClient;
  readonly ledger: Ledger;
}

interface SeedReport {
  progress(done: number): void;
  readonly signal: AbortSignal;
}

type Seeds = ReadonlyMap<string, SeedPlan>;

/**
 * Creates the rows that are not noted as done, through the service's own API or forms, in order of row numbers. Creating is
 * idempotent by id, so going on after a kill doubles nothing. Returns how many rows were created now.
 */
export async function applySeed(
  seed: ServiceSeed,
  all: Seeds,
  context: SeedContext,
  report: SeedReport,
): Promise<number> {
  const first = doneRows(seed, context.ledger);
  if (first >= seed.rows) return 0;
  // The data generator is loaded where rows are made: mostly they are there.
  const { seedRow } = await import('./seed-rows.js');
  const visitor = new Browser(context.service, seed.service);
  const visit: Visit = { ...context, visitor, rowOf: (row) => seedRow(seed, row, all) };
  if (seed.login !== undefined) await logIn(seed, seed.login, visitor, report.signal);
  if (seed.form) await sendForms(seed, visit, report);
  else await postRows(seed, visit, report);
  return seed.rows - first;
}

interface Visit extends SeedContext {
  readonly visitor: Browser;
  rowOf(row: number): Readonly<Record<string, unknown>>;
}

/** Several at once. */
async function postRows(seed: ServiceSeed, { ledger, visitor, rowOf }: Visit, report: SeedReport): Promise<void> {
  for (let from = doneRows(seed, ledger); from < seed.rows; from += ROWS_PER_NOTE) {
    const to = Math.min(from + ROWS_PER_NOTE, seed.rows);
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to) {
        const row = next;
        next += 1;
        await postRow(seed, row, rowOf(row), visitor, report.signal);
        report.progress(next);
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
    await note(seed, ledger, { done: to });
  }
}

async function postRow(
  seed: ServiceSeed,
  row: number,
  body: Readonly<Record<string, unknown>>,
  visitor: Browser,
  signal: AbortSignal,
): Promise<void> {
  const answer = await visitor.request({ method: 'POST', path: seed.path, body, repeatable: true }, signal);
  if (answer.status >= 200 && answer.status < 300) return;
  throw refused(seed, row, body, `with ${answer.status}: ${wordsOf(answer.body)}`);
}

/**
 * One after the other, each noted before and after: a form that says that the row is there already is believed only of a row that
 * a killed run may have sent.
 */
async function sendForms(seed: ServiceSeed, { ledger, visitor, rowOf }: Visit, report: SeedReport): Promise<void> {
  let wasSending = stateOf(seed, ledger)?.isSending === true;
  for (let row = doneRows(seed, ledger); row < seed.rows; row += 1) {
    const { id, ...values } = rowOf(row);
    const fields = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value ?? '')]));
    await note(seed, ledger, { done: row, isSending: true });
    const optional = { id: String(id) };
    const answer = await visitor.submit({ path: seed.path, which: seed.which, fields, optional }, report.signal);
    const shown = answer.refused && `at ${seed.path}: ${answer.refused}`;
    const fault = answer.status >= 400 ? `with ${answer.status}: ${wordsOf(answer.body)}` : shown;
    if (fault !== undefined && !wasSending) {
      await note(seed, ledger, { done: row });
      throw refused(seed, row, { ...optional, ...fields }, fault);
    }
    wasSending = false;
    await note(seed, ledger, { done: row + 1 });
    report.progress(row + 1);
  }
}

async function logIn(
  { name, service, location }: ServiceSeed,
  { path, which, form }: LoginSection,
  visitor: Browser,
  signal: AbortSignal,
): Promise<void> {
  const { status, refused: why, body } = await visitor.submit({ path, which, fields: form }, signal);
  if (status < 400 && why === undefined) return;
  const words = why ?? `it answers ${status}: ${wordsOf(body)}`;
  throw new EvpipeError('EVPIPE_SEED_LOGIN', `seed ${name} cannot log in at ${path} of service ${service}: ${words}`, {
    todo: `See its log: evpipe logs ${service}`,
    ...(location === undefined ? {} : { location }),
  });
}

const note = (seed: ServiceSeed, ledger: Ledger, state: Pick<SeedState, 'done' | 'isSending'>): Promise<void> =>
  ledger.put(ledgerKey(seed.name), { ...state, rows: seed.rows, random: seed.random } satisfies SeedState);

const wordsOf = (body: unknown): string =>
  (typeof body === 'string' ? body : (JSON.stringify(body) ?? 'nothing')).slice(0, WORDS_MAX);

const WORDS_MAX = 500;

function refused(seed: ServiceSeed, row: number, sent: Readonly<Record<string, unknown>>, why: string): EvpipeError {
  return new EvpipeError(
    'EVPIPE_SEED_REFUSED',
    `service ${seed.service} rejected row ${row + 1} of seed ${seed.name} ${why}`,
    {
      todo: `The row was ${JSON.stringify(sent)}.`,
      ...(seed.location === undefined ? {} : { location: seed.location }),
    },
  );
}
