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
  running: true,
  pipeline: 'person-planning',
  target: 'embedded',
  upMs: 720_000,
  memoryBytes: 198 * 2 ** 20,
  cpuPercent: 3.2,
  components: [
    {
      name: 'kafka',
      health: 'good',
      state: 'running',
      address: ':9092',
      pid: 4711,
      memoryBytes: 98 * 2 ** 20,
      restarts: 0,
      uptimeMs: 720_000,
    },
    { name: 'migrate', health: 'good', state: 'done' },
  ],
  flows: [
    [
      node('accounting', '0 B behind'),
      node('accounting-cdc', 'RUNNING 1/1', { via: 'WAL' }),
      node('private_accounting_bal_sheet_cdc', '500 records'),
      node('CSAS_BALANCE_1', '0 behind'),
    ],
  ],
};

const draw = (report: StatusReport, columns = 80): string[] =>
  statusLines(report, { columns }).map((one) => textOf(one).trimEnd());

describe('the status', () => {
  it('is a table and the flow, which breaks where the terminal ends', () => {
    expect(draw(REPORT)).toEqual([
      'person-planning on embedded   up 12 min   all well               198 MB, 3 % CPU',
      '',
      '    name     state    address   pid  memory      up',
      '  ✓ kafka    running  :9092    4711   98 MB  12 min',
      '  ✓ migrate  done',
      '',
      'accounting ──WAL──▶ accounting-cdc ──▶ private_accounting_bal_sheet_cdc',
      '0 B behind          RUNNING 1/1        500 records',
      '     ──▶ CSAS_BALANCE_1',
      '         0 behind',
    ]);
  });

  it('puts a flow on one line where there is room', () => {
    expect(draw(REPORT, 200)).toHaveLength(8);
  });

  it('names what is not well, and never says that all is', () => {
    const trouble: StatusReport = {
      ...REPORT,
      components: [
        ...REPORT.components,
        {
          name: 'person',
          health: 'bad',
          state: 'failed',
          restarts: 2,
          lastError: 'ended with code 1: no licence found',
        },
      ],
      flows: [[node('g', 'lag 12', { health: 'waiting' })]],
    };
    expect(draw(trouble)).toEqual([
      expect.stringContaining('1 failed'),
      '',
      '    name     state    address   pid  memory  restarts      up',
      '  ✓ kafka    running  :9092    4711   98 MB            12 min',
      '  ✓ migrate  done',
      '  ✗ person   failed                                 2',
      '      ended with code 1: no licence found',
      '',
      'g',
      '… lag 12',
    ]);
    expect(draw({ ...trouble, components: [] })[0]).toContain('1 waiting or behind');
  });

  it('leaves out the columns of least worth on a narrow terminal, and has the error in line on a wide one', () => {
    const components = [
      ...REPORT.components,
      {
        name: 'person',
        health: 'bad',
        state: 'restarting in 4 s',
        restarts: 2,
        lastError: 'ended with code 1',
      } as const,
    ];
    expect(draw({ ...REPORT, components, flows: [] }, 40).slice(2)).toEqual([
      '    name     state              address',
      '  ✓ kafka    running            :9092',
      '  ✓ migrate  done',
      '  ✗ person   restarting in 4 s',
      '      ended with code 1',
    ]);
    expect(draw({ ...REPORT, components, flows: [] }, 200).at(-1)).toBe(
      '  ✗ person   restarting in 4 s                                2          ended with code 1',
    );
  });

  it('never gets wider than the terminal', () => {
    for (const columns of [20, 40, 80, 200]) {
      const lines = statusLines(REPORT, { columns });
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    }
  });
});
