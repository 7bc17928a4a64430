import type { CheckReport } from '../kinds/events.js';
import { printable } from '../ui/text/printable.js';
import { counted, span as howLong } from '../ui/text/quantities.js';
import { shownValue } from '../ui/text/shown-value.js';
import { jsonLine } from './event-printers.js';

type Finding = CheckReport['findings'][number];

const MARKS: Readonly<Record<CheckReport['verdict'], string>> = {
  consistent: '✓',
  empty: '○',
  inconsistent: '✗',
  lagging: '…',
  inconclusive: '?',
  refused: '✗',
};

/** Text of data in HTML and in Markdown's tables; no letter of it is markup. */
export const escaped = (text: string): string =>
  printable(text).replaceAll(/[&<>"'`|*_[\]\\~#]/g, (character) => `&#${character.codePointAt(0)};`);

const value = (text: string | null): string =>
  text === null ? '<em>NULL</em>' : `<code>${escaped(shownValue(text))}</code>`;

/** Rows of a table: its head first. */
type Cells = readonly (readonly string[])[];

function summary(reports: readonly CheckReport[]): Cells {
  return [
    ['check', 'verdict', 'source', 'replica', 'missing', 'extra', 'different'],
    ...reports.map(({ check, verdict, part, keysOnly, source, replica, sourceRows, replicaRows, ...counts }) => [
      escaped(check),
      `${MARKS[verdict]} ${verdict}${part === undefined ? '' : ` in ${escaped(part)}`}${keysOnly === true ? ', keys only' : ''}`,
      // Nothing was counted of what is refused: 0 rows would be an answer.
      ...(verdict === 'refused'
        ? [escaped(source), escaped(replica), '', '', '']
        : [
            `${escaped(source)}, ${counted(sourceRows, 'row')}`,
            replica === '' ? '' : `${escaped(replica)}, ${counted(replicaRows, 'row')}`,
            ...[counts.missing, counts.extra, counts.different].map(String),
          ]),
    ]),
  ];
}

/** Every finding, one line for each column that differs. */
function findings({ findings: all }: CheckReport): Cells {
  return [['kind', 'key', 'column', 'source', 'replica'], ...all.flatMap(cellsOf)];
}

function cellsOf({ kind, unproven, key, columns, rows }: Finding): Cells {
  const head = [escaped(unproven === undefined ? kind : `${kind} (${unproven})`), key.map(value).join(', ')];
  const counts = rows === undefined ? [] : [[...head, '<em>rows</em>', String(rows.source), String(rows.replica)]];
  const differing = columns.map((one) => [...head, escaped(one.column), value(one.source), value(one.replica)]);
  return [...counts, ...(counts.length + differing.length === 0 ? [[...head, '', '', '']] : differing)];
}

/** How far behind a stage is, for how long, whether it moves, and what its component says. */
function heldText({ name, behind, forMs, moving, trouble }: CheckReport['way'][number]): string {
  const facts = [
    behind ?? 'not passed',
    ...(forMs === undefined ? [] : [`for ${howLong(forMs)}`]),
    ...(moving === undefined ? [] : [moving ? 'moving' : 'not moving']),
  ];
  return [`${name}: ${facts.join(', ')}`, ...(trouble === undefined ? [] : [trouble])].join('; ');
}

/** What a check says beside its table. */
function notes({
  why,
  todo,
  location,
  way,
  skipped,
  listed,
  missing,
  extra,
  different,
}: CheckReport): readonly string[] {
  return [
    ...(why === undefined ? [] : [escaped(why)]),
    ...(todo === undefined ? [] : [escaped(todo)]),
    ...(location === undefined ? [] : [escaped(`${location.file}:${location.line}:${location.column}`)]),
    ...way.flatMap((stage) => (stage.passed ? [] : [escaped(heldText(stage))])),
    ...(listed === undefined
      ? []
      : [`${counted(missing + extra + different - listed, 'more key')} counted, not listed`]),
    ...(skipped.length === 0 ? [] : [`not compared: ${skipped.map(escaped).join(', ')}`]),
  ];
}

/** For a pull request: a table of the checks, and for each that found something all that it found. */
export function checksMarkdown(pipeline: string, reports: readonly CheckReport[]): string {
  const table = ([head = [], ...rows]: Cells): string =>
    [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  const details = reports.map((report) => {
    const said = notes(report).map((note) => `${note}\n\n`);
    if (report.findings.length === 0 && said.length === 0) return '';
    const found = report.findings.length === 0 ? '' : table(findings(report));
    return `\n### ${escaped(report.check)}\n\n${said.join('')}${found}`;
  });
  return `## Checks of ${escaped(pipeline)}\n\n${table(summary(reports))}${details.join('')}`;
}

const STYLE = `body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; color-scheme: light dark }
table { border-collapse: collapse; margin: 1em 0 } th, td { border: 1px solid #8886; padding: .2em .6em; text-align: left; vertical-align: top }
div.wide { overflow-x: auto } svg { color: inherit } code { white-space: pre-wrap; overflow-wrap: anywhere }
td:has(code) { min-width: 12ch }`;

/** One file that needs no other, with every finding in it. */
export const checksHtml = (pipeline: string, reports: readonly CheckReport[]): string =>
  htmlPage(`Checks of ${escaped(pipeline)}`, checksBody(reports, 'h2'));

/** One finding a line, which tools that read lines need nothing else for. */
export const findingLines = (reports: readonly CheckReport[]): string =>
  reports.flatMap(({ check, findings }) => findings.map((finding) => jsonLine({ check, ...finding }))).join('');

/** A table of the checks, and below it all that each has found. */
export function checksBody(reports: readonly CheckReport[], heading: 'h2' | 'h3'): string {
  const details = reports.map((report) => {
    const said = notes(report).map((note) => `<p>${note}</p>\n`);
    const found = report.findings.length === 0 ? '' : htmlTable(findings(report));
    return said.length === 0 && found === ''
      ? ''
      : `<${heading}>${escaped(report.check)}</${heading}>\n${said.join('')}${found}`;
  });
  return `${htmlTable(summary(reports))}${details.join('')}`;
}

/** Cells are HTML already. */
export function htmlTable([head = [], ...rows]: Cells): string {
  const row = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>\n`;
  return `<div class="wide"><table>\n${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table></div>\n`;
}

/** Nothing is loaded or run, whatever is in the data: should an escape be missing, the browser refuses too. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** Title and body are HTML already. */
export const htmlPage = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>${title}</title><style>${STYLE}</style></head>
<body>\n<h1>${title}</h1>\n${body}</body></html>\n`;
