import { expect, it } from 'vitest';
import { checkMetrics } from '../../../src/cli/check-metrics.js';
import { checksHtml, checksMarkdown, findingLines } from '../../../src/cli/check-page.js';
import { CheckRounds, historyEntries } from '../../../src/cli/check-rounds.js';
import { junitXml } from '../../../src/cli/junit.js';
import { testOfCheck } from '../../../src/cli/test-report.js';
import type { CheckReport } from '../../../src/kinds/events.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { checkReportLines } from '../../../src/ui/text/check-report.js';
import { textOf } from '../../../src/ui/text/line.js';

const plain = { kind: 'compare', compared: ['name'], skipped: [], way: [], findings: [], elapsedMs: 1_500 } as const;
const counts = { missing: 0, extra: 0, different: 0 };

/** Every verdict, every kind of finding, and values that must not be taken for each other. */
const REPORTS: readonly CheckReport[] = [
  {
    ...plain,
    ...counts,
    check: 'fine',
    verdict: 'consistent',
    source: 'a.t',
    replica: 'b.t',
    sourceRows: 3,
    replicaRows: 3,
  },
  {
    ...plain,
    ...counts,
    check: 'nothing',
    verdict: 'empty',
    source: 'a.e',
    replica: 'b.e',
    sourceRows: 0,
    replicaRows: 0,
  },
  {
    ...{ ...plain, ...counts, check: 'persons', verdict: 'inconsistent', source: 'a.t + c.t', replica: 'b.t' },
    ...{ sourceRows: 9, replicaRows: 8, missing: 1, extra: 1, different: 4, listed: 5, fence: 'WAL 0/1' },
    skipped: ['t.secret'],
    way: [{ kind: 'connector', name: 'cdc', passed: true }],
    findings: [
      { kind: 'missing', key: ['17', null], columns: [] },
      { kind: 'extra', key: ['NULL', 'a|b'], columns: [] },
      {
        kind: 'different',
        key: ['<b>&'],
        columns: [
          { column: 'name', source: null, replica: 'NULL' },
          { column: 'blank', source: 'a', replica: 'a ' },
          { column: 'empty', source: '', replica: null },
          { column: 'lines', source: 'a\nb', replica: 'a\\nb' },
          { column: 'quoted', source: "E'x'", replica: "it's" },
        ],
      },
      { kind: 'stale', key: ['3'], columns: [{ column: 'version', source: '10', replica: '9' }] },
      { kind: 'duplicated', key: ['4'], columns: [], rows: { source: 1, replica: 2 } },
    ],
  },
  {
    ...{ ...plain, ...counts, check: 'late', verdict: 'lagging', source: 'a.t', replica: 'b.t', fence: 'WAL 0/2' },
    ...{
      sourceRows: 2,
      replicaRows: 1,
      missing: 1,
      why: 'mailer is 1 record behind: its service mailer is restarting',
    },
    way: [
      {
        ...{ kind: 'group', name: 'mailer', passed: false, behind: '1 record behind', forMs: 65_000, moving: false },
        trouble:
          'its service mailer is restarting, last exit 1: evpipe logs mailer; its last error: Error: no such host',
      },
    ],
    findings: [{ kind: 'missing', unproven: 'lagging', key: ['5'], columns: [] }],
  },
  {
    ...{ ...plain, ...counts, check: 'busy', verdict: 'inconclusive', source: 'a.t', replica: 'b.t' },
    ...{ sourceRows: 2, replicaRows: 2, different: 1, part: 'a sample of 10 %', why: '1 rows kept changing' },
    findings: [
      { kind: 'different', unproven: 'volatile', key: ['6'], columns: [{ column: 'n', source: '1', replica: '2' }] },
    ],
  },
  {
    ...{ ...plain, ...counts, check: 'unlike', verdict: 'refused', source: 'a.t', replica: 'b.t' },
    ...{ sourceRows: 0, replicaRows: 0, why: 'price: it is a number, and a time' },
    ...{ todo: 'Leave it out.', location: { file: 'shop.yaml', line: 12, column: 5 } },
  },
];

const pipeline = { checks: [] } as unknown as Pipeline;

it.each<readonly [string, () => string | Promise<string>]>([
  ['checks.md', () => checksMarkdown('shop', REPORTS)],
  ['checks.html', () => checksHtml('shop', REPORTS)],
  ['checks.prom', () => checkMetrics('shop "1"', REPORTS, 1_700_000_000_000)],
  ['checks.jsonl', () => findingLines(REPORTS)],
  ['checks.xml', async () => junitXml('shop', await Promise.all(REPORTS.map((one) => testOfCheck(one, pipeline))))],
  [
    'checks.txt',
    () =>
      REPORTS.map((one) =>
        checkReportLines(one, 10, 80)
          .map((line) => `${textOf(line)}\n`)
          .join(''),
      ).join('\n'),
  ],
])('reports checks as in golden/%s', async (name, report) => {
  await expect(await report()).toMatchFileSnapshot(`golden/${name}`);
});

it('says of a later round only what has changed, whatever the number of rows', () => {
  const rounds = new CheckRounds();
  const [fine] = REPORTS;
  if (fine === undefined) throw new Error('no report');
  expect(rounds.next(REPORTS).map(({ before }) => before)).toEqual(REPORTS.map(() => undefined));
  expect(rounds.next(REPORTS.map((one) => ({ ...one, elapsedMs: 9, sourceRows: 99 })))).toEqual([]);
  const late = { ...fine, verdict: 'lagging', missing: 1 } as const;
  const changed = rounds.next([late, ...REPORTS.slice(1)]);
  expect(changed).toEqual([{ report: late, before: 'consistent' }]);
  const [entry] = historyEntries(changed, new Date('2026-01-01T00:00:00Z'));
  expect(entry).toMatchObject({
    at: '2026-01-01T00:00:00.000Z',
    check: 'fine',
    before: 'consistent',
    verdict: 'lagging',
  });
});
