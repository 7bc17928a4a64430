import type { CheckReport } from '../../kinds/events.js';
import { columnsOf } from '../../support/text-columns.js';
import { verdictSpan } from './check-table.js';
import { column, type Line, line, span, widthOf, wrap, wrapLine } from './line.js';
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
  const lines: Line[] = [...headings(report, nameColumns, columns), ...wayLines(report, columns)];
  for (const finding of report.findings.slice(0, findingsMax)) lines.push(...findingLines(finding, columns));
  const left = report.findings.length - findingsMax;
  const unlisted = report.listed === undefined ? 0 : wrongKeys(report) - report.listed;
  if (left > 0) lines.push(line(`  ${counted(left, 'more row')} not shown; --output json lists them`));
  if (unlisted > 0)
    lines.push(line(`  ${counted(unlisted, 'more row')} counted, not listed; --max-differences lists more`));
  if (report.skipped.length > 0) {
    lines.push(...labelled('not compared', report.skipped.map(printable).join(', '), columns));
  }
  lines.push(verdictLine(report));
  const behind = report.verdict === 'consistent' ? [] : report.way.filter((one) => !one.passed);
  for (const stage of behind) lines.push(...behindLines(stage, columns));
  const { why, todo, location } = report;
  const isSaid = why !== undefined && behind.some((stage) => isSaidBy(stage, why));
  const said = [
    ...(why === undefined || isSaid ? [] : [why]),
    ...(todo === undefined ? [] : [todo]),
    ...(location === undefined ? [] : [`${location.file}:${location.line}:${location.column}`]),
  ];
  for (const one of said) lines.push(...wrap(printable(one), columns - 4).map((text) => line(`    ${text}`)));
  return lines.flatMap((one) => wrapLine(one, columns, 4));
}

/** The check and its two sides; where they don't fit beside its name, each has a line of its own. */
function headings({ check, source, replica }: CheckReport, nameColumns: number, columns: number): Line[] {
  const name = span(column(printable(check), nameColumns), 'strong');
  const sides = [source, replica].filter((side) => side !== '').map(printable);
  const whole = line(name, `  ${sides.join(' → ')}`);
  if (widthOf(whole) <= columns) return [whole];
  return [line(span(printable(check), 'strong')), ...sides.map((side, at) => line(`  ${at === 0 ? '' : '→ '}${side}`))];
}

function wayLines(report: CheckReport, columns: number): Line[] {
  if (report.fence === undefined && report.way.length === 0) return [];
  const steps: Line[] = report.way.map(({ name, passed }) =>
    line(`→ ${printable(name)} `, passed ? span('✓', 'good') : span('✗', 'bad')),
  );
  const parts = [line(printable(report.fence ?? 'source')), ...steps];
  const label = `  ${column('way', LABEL_COLUMNS)}`;
  const below = ' '.repeat(belowLabel(columns));
  const lines: Line[] = [];
  let current: Line = line(label);
  for (const [at, part] of parts.entries()) {
    if (at > 0 && widthOf(current) + 1 + widthOf(part) > columns) {
      lines.push(current);
      current = line(below, ...part);
    } else current = line(...current, ...(at === 0 ? [] : [' ']), ...part);
  }
  const time = `   ${duration(report.elapsedMs)}`;
  return [...lines, widthOf(current) + time.length > columns ? current : line(...current, span(time, 'dim'))];
}

/** A list that goes on below itself where it is too long. */
const labelled = (label: string, text: string, columns: number): Line[] =>
  wrapLine(line(span(`  ${column(label, LABEL_COLUMNS)}${text}`, 'dim')), columns, belowLabel(columns));

/** Below the text beside the label, unless that leaves too little room. */
const belowLabel = (columns: number): number => (columns < 60 ? 4 : LABEL_COLUMNS + 2);

/** True where a stage's own lines say all of it. */
function isSaidBy({ name, behind, trouble }: Stage, why: string): boolean {
  const said = `${name} is ${behind ?? 'behind'}`;
  return why === said || why === `${said}: ${trouble}` || why === behind || why === `${behind}: ${trouble}`;
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
  const heads =
    columnsOf(head) <= columns
      ? [head]
      : [`  ${finding.kind}${unproven === undefined ? '' : `   (${unproven})`}`, `    ${key}`];
  const room = columns - FACT_INDENT.length;
  const below = facts.flatMap((fact) => {
    const lines = wrap(fact.slice(0, room * (FACT_LINES_MAX + 1)), room);
    return lines.length <= FACT_LINES_MAX ? lines : [...lines.slice(0, FACT_LINES_MAX), '…'];
  });
  return [...heads.map((text) => line(text)), ...below.map((text) => line(`${FACT_INDENT}${text}`))];
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
  const { sourceRows, replicaRows, missing, extra } = report;
  // Of either side or both: what is missing or extra is a row too.
  const total = Math.max(sourceRows + extra, replicaRows + missing);
  if (report.verdict === 'empty') return line('  ', verdict, ': both sides are empty, which proves nothing');
  if (report.verdict === 'consistent') return line('  ', verdict, `${partOf(report)}: ${counted(sourceRows, 'row')}`);
  if (wrong === 0 && total === 0) return line('  ', verdict, ': nothing was compared');
  const share = total === 0 ? '' : ` (${percent(wrong / total)})`;
  return line('  ', verdict, `${partOf(report)}: ${count(wrong)} of ${counted(total, 'row')}${share}`);
}

/** Few of very many are not none. */
const percent = (share: number): string =>
  share > 0 && share < 0.000_05 ? 'less than 0.01 %' : `${(share * 100).toFixed(2)} %`;

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
  const lines = wrap(`${printable(name)}: ${facts.join(', ')}`, columns - 4).map((text) =>
    line(span(`    ${text}`, 'wait')),
  );
  if (trouble !== undefined) lines.push(...wrap(printable(trouble), columns - 4).map((text) => line(`    ${text}`)));
  return lines;
}
