import type { CheckRow } from '../../kinds/events.js';
import { columnsOf } from '../../support/text-columns.js';
import { column, columnRight, type Line, line, type Span, span } from './line.js';
import { printable } from './printable.js';
import { count } from './quantities.js';

type Verdict = CheckRow['verdict'];

const VERDICTS: Readonly<Record<Verdict, Span>> = {
  consistent: span('✓ consistent', 'good'),
  empty: span('○ empty', 'wait'),
  inconsistent: span('✗ inconsistent', 'bad'),
  lagging: span('… lagging', 'wait'),
  inconclusive: span('? inconclusive', 'wait'),
  refused: span('✗ refused', 'bad'),
};

export function verdictSpan(verdict: Verdict): Span {
  return VERDICTS[verdict];
}

const NUMBERS = ['source', 'replica', 'missing', 'extra', 'different'] as const;
const VERDICT_COLUMNS = 14;
const CHECK_COLUMNS_MIN = 8;

/** The others have one side only: rows that a query must find or not, transitions of a status. */
const TWO_SIDED: ReadonlySet<CheckRow['kind']> = new Set(['compare', 'conservation']);

/** One heading and a line a check; numbers aligned right, names cut where the terminal is narrow, below each other where it is too narrow. */
export function checkTable(rows: readonly CheckRow[], columns: number): Line[] {
  if (rows.length === 0) return [];
  const numbers = rows.map((row) =>
    // Nothing was counted of what is refused.
    row.verdict === 'refused'
      ? NUMBERS.map(() => '–')
      : [
          count(row.sourceRows),
          TWO_SIDED.has(row.kind) ? count(row.replicaRows) : '–',
          ...[row.missing, row.extra, row.different].map((amount) => count(amount)),
        ],
  );
  const widths = NUMBERS.map((heading, at) => Math.max(heading.length, ...numbers.map((row) => row[at]?.length ?? 0)));
  const numbersWidth = widths.reduce((sum, width) => sum + width + 2, 0);
  if (columns < CHECK_COLUMNS_MIN + numbersWidth + VERDICT_COLUMNS + 3)
    return rows.flatMap((row, at) => blockOf(row, numbers[at] ?? []));
  const room = Math.max(CHECK_COLUMNS_MIN, columns - numbersWidth - VERDICT_COLUMNS - 3);
  const names = rows.map((row) => printable(row.check));
  const checkWidth = Math.min(room, Math.max('check'.length, ...names.map((name) => columnsOf(name))));
  const cells = (texts: readonly string[]) =>
    texts.map((text, at) => `  ${columnRight(text, widths[at] ?? 0)}`).join('');
  return [
    line(span(`${column('check', checkWidth)}${cells(NUMBERS)}`, 'dim')),
    ...rows.map((row, at) =>
      line(
        `${column(names[at] ?? '', checkWidth)}${cells(numbers[at] ?? [])}   `,
        verdictSpan(row.verdict),
        ...(row.partly === true ? [' in part'] : []),
      ),
    ),
  ];
}

/** The name and verdict, and below them what is more than nothing. */
function blockOf({ check, verdict, partly }: CheckRow, numbers: readonly string[]): Line[] {
  const facts = NUMBERS.flatMap((heading, at) => (at > 1 && numbers[at] === '0' ? [] : [`${heading} ${numbers[at]}`]));
  const head = line(printable(check), '   ', verdictSpan(verdict), ...(partly === true ? [' in part'] : []));
  return verdict === 'refused' ? [head] : [head, line(span(`  ${facts.join('  ')}`, 'dim'))];
}
