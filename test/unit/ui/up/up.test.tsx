import { render } from 'ink-testing-library';
import { describe, expect, it } from 'vitest';
import type { OperationEvent } from '../../../../src/kinds/events.js';
import { textOf, widthOf } from '../../../../src/ui/text/line.js';
import { progressBar, shownReports, upLines } from '../../../../src/ui/up/lines.js';
import { Up } from '../../../../src/ui/up/render.js';
import { NOTHING_YET, reduceUp, type UpState } from '../../../../src/ui/up/state.js';

const stateAfter = (events: readonly OperationEvent[], nowMs = 0): UpState =>
  events.reduce((state, event) => reduceUp(state, event, nowMs), NOTHING_YET);

const draw = (state: UpState, columns: number, nowMs = 0): string[] =>
  upLines(state, { columns, nowMs }).map((one) => textOf(one).trimEnd());

const OPERATION: OperationEvent = {
  kind: 'operation',
  operation: 'up',
  pipeline: 'person-planning',
  target: 'embedded',
  steps: ['postgres', 'streams', 'seed', 'checks'],
};

const WAITING: readonly OperationEvent[] = [
  OPERATION,
  { kind: 'step-started', step: 'streams' },
  { kind: 'step-started', step: 'postgres' },
  { kind: 'step-done', step: 'postgres', detail: '18.4, :5432', elapsedMs: 812, changed: true },
  { kind: 'step-waiting', step: 'streams', waitingFor: 'accounting-cdc: task 0 not running yet' },
  { kind: 'step-started', step: 'seed' },
  { kind: 'step-progress', step: 'seed', label: 'persons', done: 150, total: 200 },
];

describe('the progress of up', () => {
  it('draws a line a step in the order of the screen: done, waiting for, counting, pending', () => {
    expect(draw(stateAfter(WAITING), 80, 1_500)).toEqual([
      'person-planning on embedded',
      '',
      `  ✓ postgres    18.4, :5432${' '.repeat(49)}0.8s`,
      `  ⠴ streams     accounting-cdc: task 0 not running yet${' '.repeat(22)}1.5s`,
      `  ⠴ seed        persons ━━━━━━━━━━━━━━━━━━────── 150/200${' '.repeat(20)}1.5s`,
      '  · checks',
    ]);
  });

  it('says for how long it has been waiting for the same thing', () => {
    const again = reduceUp(
      stateAfter(WAITING, 1_000),
      { kind: 'step-waiting', step: 'streams', waitingFor: 'accounting-cdc: task 0 not running yet' },
      5_000,
    );
    expect(draw(again, 80, 9_000)[3]).toContain('accounting-cdc: task 0 not running yet (8 s)');
  });

  it('fits 80 columns and uses a wide terminal without losing the eye', () => {
    const long = 'a connector whose name is long: task 0 not running yet, because the topic it needs is not there yet';
    const events: readonly OperationEvent[] = [...WAITING, { kind: 'step-waiting', step: 'streams', waitingFor: long }];
    for (const [columns, most] of [
      [80, 80],
      [200, 110],
    ] as const) {
      const lines = upLines(stateAfter(events), { columns, nowMs: 0 });
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(most);
      expect(lines.map(textOf).join(' ').replace(/\s+/g, ' ')).toContain('not there yet');
    }
  });

  it('keeps the failure where it happened, and tells what else was stopped', () => {
    const failure = { code: 'EVPIPE_X', message: 'task 0 FAILED', todo: 'mend it' };
    const failed = reduceUp(stateAfter(WAITING), { kind: 'step-failed', step: 'streams', failure, elapsedMs: 9 }, 0);
    expect(draw({ ...failed, ended: true }, 80).slice(3, 6)).toEqual([
      '  ✗ streams     task 0 FAILED',
      '                mend it',
      expect.stringMatching(/^ {2}· seed {8}stopped: persons ━/),
    ]);
  });

  it('shows the newest row of each check, and no table where reports say more', () => {
    const check = (name: string, verdict: 'lagging' | 'consistent'): OperationEvent => ({
      kind: 'check',
      row: { check: name, kind: 'compare', verdict, sourceRows: 1, replicaRows: 1, missing: 0, extra: 0, different: 0 },
    });
    const text = draw(stateAfter([check('a', 'lagging'), check('b', 'consistent'), check('a', 'consistent')]), 80).join(
      '\n',
    );
    expect(text.match(/✓ consistent/g)).toHaveLength(2);
    expect(text).not.toContain('lagging');
  });

  it('shows the table in up with the reports of what is wrong, and whole reports where they were asked for', () => {
    const counts = { sourceRows: 1, replicaRows: 1, missing: 0, extra: 0, different: 0 };
    const reported = (check: string, verdict: 'inconsistent' | 'consistent'): readonly OperationEvent[] => [
      { kind: 'check', row: { check, kind: 'compare', verdict, ...counts } },
      {
        kind: 'check-report',
        report: {
          check,
          kind: 'compare',
          verdict,
          source: 's',
          replica: 'r',
          ...counts,
          compared: [],
          skipped: [],
          way: [],
          findings: [],
          elapsedMs: 1,
        },
      },
    ];
    const both = [...reported('good-one', 'consistent'), ...reported('bad-one', 'inconsistent')];
    const inUp = stateAfter([OPERATION, ...both]);
    expect(shownReports(inUp).map(({ check }) => check)).toEqual(['bad-one']);
    expect(draw(inUp, 80).join('\n')).toMatch(/good-one[\s\S]*bad-one/);
    const alone = stateAfter(both);
    expect(shownReports(alone)).toHaveLength(2);
    expect(draw(alone, 80)).toEqual([]);
  });

  it('says a note once', () => {
    const note: OperationEvent = { kind: 'note', level: 'info', message: 'port 5432 is taken' };
    expect(draw(stateAfter([note, note]), 80)).toEqual(['  · port 5432 is taken']);
  });

  it('draws half cells, full and empty bars', () => {
    expect([progressBar(0, 4, 4), progressBar(1, 8, 4), progressBar(4, 4, 4), progressBar(0, 0, 2)]).toEqual([
      '────',
      '╸───',
      '━━━━',
      '━━',
    ]);
  });

  it('is drawn by Ink as its lines say', () => {
    const screen = render(<Up read={() => stateAfter(WAITING)} color={false} />);
    expect(screen.lastFrame()).toContain('  ✓ postgres    18.4, :5432');
    screen.unmount();
  });
});
