import { describe, expect, it } from 'vitest';
import type { FlowNode, StatusReport } from '../../../../src/kinds/status-report.js';
import { textOf, widthOf } from '../../../../src/ui/text/line.js';
import { statusLines } from '../../../../src/ui/text/status.js';

const node = (name: string, detail: string, more: Partial<FlowNode> = {}): FlowNode => ({
  name,
  detail,
  health: 'good',
  ...more,
});

const REPORT: StatusReport = {
  pipeline: 'person-planning',
  target: 'embedded',
  upMs: 720_000,
  memoryBytes: 198 * 2 ** 20,
  cpuPercent: 3.2,
  components: [{ name: 'kafka', health: 'good', state: 'running', detail: ':9092' }],
  flows: [
    [
      node('accounting', '0 B behind'),
      node('accounting-cdc', 'RUNNING 1/1', { via: 'WAL' }),
      node('private_accounting_bal_sheet_cdc', '500 records'),
      node('CSAS_BALANCE_1', '0 behind'),
    ],
  ],
};

const draw = (report: StatusReport, columns = 80, verbose = false): string[] =>
  statusLines(report, { columns, verbose }).map((one) => textOf(one).trimEnd());

describe('the status', () => {
  it('is quiet where all is well, and breaks a flow where the terminal ends', () => {
    expect(draw(REPORT)).toEqual([
      'person-planning on embedded   up 12 min   all well               198 MB, 3 % CPU',
      '',
      'accounting ──WAL──▶ accounting-cdc ──▶ private_accounting_bal_sheet_cdc',
      '0 B behind          RUNNING 1/1        500 records',
      '     ──▶ CSAS_BALANCE_1',
      '         0 behind',
    ]);
  });

  it('puts a flow on one line where there is room', () => {
    expect(draw(REPORT, 200)).toHaveLength(4);
  });

  it('names what is not well, and never says that all is', () => {
    const trouble: StatusReport = {
      ...REPORT,
      components: [...REPORT.components, { name: 'person', health: 'bad', state: 'failed', detail: 'exited with 1' }],
      flows: [[node('g', 'lag 12', { health: 'waiting' })]],
    };
    expect(draw(trouble)).toEqual([
      expect.stringContaining('1 failed'),
      '',
      '  ✗ person  failed             exited with 1',
      '',
      'g',
      '… lag 12',
    ]);
    expect(draw({ ...trouble, components: [] })[0]).toContain('1 waiting or behind');
    expect(draw(REPORT, 80, true).join('\n')).toContain('✓ kafka  running            :9092');
  });

  it('never gets wider than the terminal', () => {
    for (const columns of [20, 80, 200]) {
      const lines = statusLines(REPORT, { columns, verbose: true });
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    }
  });
});
