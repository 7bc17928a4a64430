import type { CheckReport } from '../../kinds/events.js';
import { columnsOf } from '../../support/text-columns.js';
import { verdictSpan } from './check-table.js';
import { column, type Line, line, type Span, span, truncateLine, wrap } from './line.js';
import { printable } from './printable.js';
import { count, counted, duration, span as howLong } from './quantities.js';
import { shownValue } from './shown-value.js';

/** More differing rows than this are counted, not listed, on a screen. */
const FINDINGS_MAX = 20;
const LABEL_COLUMNS = 14;

type Finding = CheckReport['findings'][number];
type Stage = CheckReport['way'][number];

/** The block of one check: what was compared, the way its fences took, each row that differs, the verdict. */
export function checkReportLines(
  report: CheckReport,
  nameColumns: number,
  columns: number,
  findingsMax = FINDINGS_MAX,
): Line[] {
  const lines: Line[] = [heading(report, nameColumns)];
  const way = wayLine(report);
  if (way !== undefined) lines.push(...way);
  for (const finding of report.findings.slice(0, findingsMax)) lines.push(...findingLines(finding, columns));
  const left = report.findings.length - findingsMax;
  const unlisted = report.listed === undefined ? 0 : wrongKeys(report) - report.listed;
  if (left > 0) lines.push(line(`  ${counted(left, 'more row')} not shown; --output json lists them`));
  if (unlisted > 0)
    lines.push(line(`  ${counted(unlisted, 'more row')} counted, not listed; --max-differences lists more`));
  if (report.skipped.length > 0) {
    lines.push(
      line(span(`  ${column('not compared', LABEL_COLUMNS)}${report.skipped.map(printable).join(', ')}`, 'dim')),
    );
  }
  lines.push(verdictLine(report));
  const behind = report.verdict === 'consistent' ? [] : report.way.filter((one) => !one.passed);
  for (const stage of behind) lines.push(...behindLines(stage, columns));
  const why = report.why;
  if (why !== undefined) lines.push(...wrap(printable(why), columns - 4).map((text) => line(`    ${text}`)));
  return lines.map((one) => truncateLine(one, columns));
}

function heading(report: CheckReport, nameColumns: number): Line {
  return line(
    span(column(printable(report.check), nameColumns), 'strong'),
    `  ${[report.source, report.replica]
      .filter((side) => side !== '')
      .map(printable)
      .join(' → ')}`,
  );
}

function wayLine(report: CheckReport): Line[] | undefined {
  if (report.fence === undefined && report.way.length === 0) return undefined;
  const spans: (string | Span)[] = [`  ${column('way', LABEL_COLUMNS)}`, printable(report.fence ?? 'source')];
  for (const stage of report.way) {
    spans.push(` → ${printable(stage.name)} `, stage.passed ? span('✓', 'good') : span('✗', 'bad'));
  }
  spans.push(span(`   ${duration(report.elapsedMs)}`, 'dim'));
  return [line(...spans)];
}

/** One line where it fits; else one for each column that differs. */
function findingLines(finding: Finding, columns: number): Line[] {
  const key = finding.key.map(value).join(', ');
  if (finding.kind === 'dead-letter') {
    const [death] = finding.columns;
    return [
      line(
        `  ${column('dead letter', LABEL_COLUMNS)}${key}   ${printable(death?.column ?? '')}   ${value(death?.source ?? '')}`,
      ),
    ];
  }
  const { rows, unproven } = finding;
  const head = `  ${column(finding.kind, LABEL_COLUMNS)}${key}${unproven === undefined ? '' : `   (${unproven})`}`;
  const facts = [
    ...(rows === undefined ? [] : [`${rows.source} in the source, ${rows.replica} in the replica`]),
    ...finding.columns.map(
      ({ column: name, source, replica }) => `${printable(name)}  source ${value(source)}  replica ${value(replica)}`,
    ),
  ];
  const whole = facts.length === 0 ? head : `${head}   ${facts.join('; ')}`;
  if (columnsOf(whole) <= columns) return [line(whole)];
  const room = columns - FACT_INDENT.length;
  const below = facts.flatMap((fact) => {
    const lines = wrap(fact.slice(0, room * (FACT_LINES_MAX + 1)), room);
    return lines.length <= FACT_LINES_MAX ? lines : [...lines.slice(0, FACT_LINES_MAX), '…'];
  });
  return [line(head), ...below.map((text) => line(`${FACT_INDENT}${text}`))];
}

const FACT_INDENT = '      ';
/** Of one column on a screen; files that reports are written to have all of it. */
const FACT_LINES_MAX = 4;

function value(text: string | null): string {
  return text === null ? 'NULL' : printable(shownValue(text));
}

function verdictLine(report: CheckReport): Line {
  const verdict = verdictSpan(report.verdict);
  if (report.kind !== 'compare') {
    return report.summary === undefined ? line('  ', verdict) : line('  ', verdict, `: ${printable(report.summary)}`);
  }
  const wrong = wrongKeys(report);
  const total = Math.max(report.sourceRows, report.replicaRows);
  if (report.verdict === 'empty') return line('  ', verdict, ': both sides are empty, which proves nothing');
  if (report.verdict === 'consistent')
    return line('  ', verdict, `${partOf(report)}: ${counted(report.sourceRows, 'row')}`);
  if (wrong === 0 && total === 0) return line('  ', verdict, ': nothing was compared');
  const share = total === 0 ? '' : ` (${((wrong / total) * 100).toFixed(2)} %)`;
  return line('  ', verdict, `${partOf(report)}: ${count(wrong)} of ${counted(total, 'row')}${share}`);
}

const wrongKeys = ({ missing, extra, different }: CheckReport): number => missing + extra + different;

/** What the verdict is of, where it is not all rows with all their columns. */
function partOf({ part, keysOnly }: CheckReport): string {
  const of = part === undefined ? '' : ` in ${part}`;
  return keysOnly === true ? `${of}, keys only` : of;
}

/** Who holds the check back: how far behind, for how long, whether it moves, and what its component says. */
function behindLines(stage: Stage, columns: number): Line[] {
  const { name, behind, forMs, moving, trouble } = stage;
  const facts = [
    behind === undefined ? 'not passed' : printable(behind),
    ...(forMs === undefined ? [] : [`for ${howLong(forMs)}`]),
    ...(moving === undefined ? [] : [moving ? 'moving' : 'not moving']),
  ];
  const lines = [line(span(`    ${printable(name)}: ${facts.join(', ')}`, 'wait'))];
  if (trouble !== undefined) lines.push(...wrap(printable(trouble), columns - 4).map((text) => line(`    ${text}`)));
  return lines;
}
