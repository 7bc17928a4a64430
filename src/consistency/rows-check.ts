import type { PostgresClient } from '../clients/postgres/client.js';
import { counted } from '../support/counted.js';
import { pause } from '../support/retry.js';
import type { CheckReport, Finding } from './report.js';

export interface RowsCheck {
  readonly name: string;
  readonly database: string;
  readonly query: string;
  /** none: every row it finds is a violation; some: finding no row is one. */
  readonly expect: 'none' | 'some';
  readonly reader: Pick<PostgresClient, 'streamText'>;
}

export interface RowsOptions {
  /** How long a violation may take to go away by itself. */
  readonly settleMs: number;
  readonly signal: AbortSignal;
}

/** Rows that a report lists; the count is of all. */
const ROWS_LISTED = 100;

/** Runs the query until it finds what is expected; what is still wrong after `settleMs` is inconsistent. */
export async function confirmRows(check: RowsCheck, options: RowsOptions): Promise<CheckReport> {
  const startedMs = performance.now();
  let pauseMs = 50;
  for (;;) {
    const { count, listed } = await readRows(check, options.signal);
    const holds = check.expect === 'none' ? count === 0 : count > 0;
    const elapsedMs = performance.now() - startedMs;
    if (holds || elapsedMs >= options.settleMs) return report(check, count, holds ? [] : listed, holds, elapsedMs);
    await pause(Math.min(pauseMs, options.settleMs - elapsedMs), options.signal);
    pauseMs = Math.min(pauseMs * 2, 1_000);
  }
}

async function readRows(check: RowsCheck, signal: AbortSignal): Promise<{ count: number; listed: Finding[] }> {
  let count = 0;
  const listed: Finding[] = [];
  for await (const block of check.reader.streamText(check.query, [], signal)) {
    count += block.length;
    for (const row of block.slice(0, ROWS_LISTED - listed.length))
      listed.push({ kind: 'extra', key: row, columns: [] });
  }
  return { count, listed };
}

function report(
  check: RowsCheck,
  count: number,
  findings: readonly Finding[],
  holds: boolean,
  elapsedMs: number,
): CheckReport {
  const rows = counted(count, 'row');
  return {
    check: check.name,
    kind: 'rows',
    verdict: holds ? 'consistent' : 'inconsistent',
    ...(holds
      ? {}
      : {
          why:
            check.expect === 'none'
              ? `the query finds ${rows}, and should find none`
              : 'the query finds no row, and should find some',
        }),
    source: check.database,
    replica: '',
    sourceRows: count,
    replicaRows: 0,
    missing: check.expect === 'some' && !holds ? 1 : 0,
    extra: check.expect === 'none' ? count : 0,
    different: 0,
    compared: [],
    skipped: [],
    way: [],
    findings,
    elapsedMs,
  };
}
