import { describe, expect, it } from 'vitest';
import type { CheckReport, CheckRow } from '../../../../src/kinds/events.js';
import { checkReportLines } from '../../../../src/ui/text/check-report.js';
import { checkTable } from '../../../../src/ui/text/check-table.js';
import { failureLines } from '../../../../src/ui/text/failure-block.js';
import { type Line, textOf, widthOf } from '../../../../src/ui/text/line.js';

const texts = (lines: readonly Line[]): string[] => lines.map((one) => textOf(one).trimEnd());

const row = (check: string, verdict: CheckRow['verdict'], sourceRows = 200): CheckRow => ({
  check,
  kind: 'compare',
  verdict,
  sourceRows,
  replicaRows: 200,
  missing: 0,
  extra: 0,
  different: 0,
});

describe('the table of checks', () => {
  it('aligns numbers and says each verdict in words', () => {
    const table = checkTable([row('persons', 'consistent'), row('balance-sheets', 'inconclusive', 1_234_567)], 78);
    expect(texts(table)).toEqual([
      'check              source  replica  missing  extra  different',
      'persons               200      200        0      0          0   ✓ consistent',
      'balance-sheets  1,234,567      200        0      0          0   ? inconclusive',
    ]);
  });

  it('shows no rows of a replica where a check has one side', () => {
    const stages: CheckRow = { ...row('orders', 'consistent', 50), kind: 'stages', replicaRows: 0 };
    expect(texts(checkTable([stages], 78))[1]).toMatch(/^orders\s+50\s+–\s+0\s+0\s+0\s+✓ consistent$/);
  });

  it('shows no numbers of a check that is refused, since nothing was counted', () => {
    const refused = row('orders', 'refused', 0);
    expect(texts(checkTable([refused], 78))[1]).toMatch(/^orders(\s+–){5}\s+✗ refused$/);
    expect(texts(checkTable([refused], 40))).toEqual(['orders   ✗ refused']);
  });

  it('cuts names rather than numbers in a narrow terminal', () => {
    const table = checkTable([row('a-check-with-a-name-that-is-too-long', 'lagging')], 78);
    expect(Math.max(...table.map(widthOf))).toBeLessThanOrEqual(78);
    expect(texts(table)[1]).toMatch(/^a-check-with-a-.*…\s+200 .*… lagging$/);
  });
});

describe('a failure', () => {
  it('says what, where and what to do, within the columns it has', () => {
    const lines = failureLines(
      {
        code: 'EVPIPE_CONNECTOR_FAILED',
        message: 'task 0 FAILED\ntable public.accounts does not exist in database accounting',
        location: { file: 'evpipe.yaml', line: 48, column: 3 },
        todo: 'did you mean public.account?',
      },
      40,
    );
    expect(texts(lines)).toEqual([
      'task 0 FAILED',
      'table public.accounts does not exist in',
      'database accounting',
      'evpipe.yaml:48:3',
      'did you mean public.account?',
    ]);
  });
});

const REPORT: CheckReport = {
  check: 'persons',
  kind: 'compare',
  verdict: 'inconsistent',
  source: 'person.person_person',
  replica: 'planning.planning_person',
  sourceRows: 200,
  replicaRows: 199,
  missing: 1,
  extra: 0,
  different: 1,
  compared: ['id', 'date_of_birth'],
  skipped: ['first_name'],
  fence: 'WAL 0/1A2B3C8',
  way: [{ kind: 'outbox', name: 'person-outbox', passed: true }],
  findings: [
    {
      kind: 'different',
      key: ['7c1f39a0'],
      columns: [{ column: 'date_of_birth', source: '1984-02-11', replica: null }],
    },
    { kind: 'missing', key: ['91aa04de'], columns: [] },
  ],
  elapsedMs: 1_100,
};

describe('the report of a check', () => {
  it('lists the way, every row that differs, what was not compared, and the share', () => {
    expect(texts(checkReportLines(REPORT, 14, 100))).toEqual([
      'persons         person.person_person → planning.planning_person',
      '  way           WAL 0/1A2B3C8 → person-outbox ✓   1.1s',
      '  different     7c1f39a0   date_of_birth  source 1984-02-11  replica NULL',
      '  missing       91aa04de',
      '  not compared  first_name',
      '  ✗ inconsistent: 2 of 200 rows (1.00 %)',
    ]);
  });

  it('names the stage that holds the data back, and why', () => {
    const stage = {
      kind: 'group',
      name: 'planning-person',
      passed: false,
      behind: '12 records behind',
      forMs: 8_000,
      moving: false,
      trouble: 'its service planning-person-consumer exited with 1',
    };
    const lines = checkReportLines({ ...REPORT, verdict: 'lagging', way: [stage], findings: [] }, 8, 80);
    expect(texts(lines).slice(-2)).toEqual([
      '    planning-person: 12 records behind, for 8 s, not moving',
      '    its service planning-person-consumer exited with 1',
    ]);
  });

  it('counts the rows that it does not list', () => {
    const finding = { kind: 'missing' as const, key: ['x'], columns: [] };
    const lines = checkReportLines({ ...REPORT, findings: Array.from({ length: 25 }, () => finding) }, 8, 80);
    expect(texts(lines)).toContain('  5 more rows not shown; --output json lists them');
  });
});
