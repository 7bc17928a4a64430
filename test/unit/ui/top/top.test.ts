import { describe, expect, it } from 'vitest';
import type { FlowNode, StatusReport } from '../../../../src/kinds/status-report.js';
import { waitUntil } from '../../../../src/support/retry.js';
import type { PressedKey } from '../../../../src/ui/pressed-keys.js';
import { line, textOf, widthOf } from '../../../../src/ui/text/line.js';
import { topLines } from '../../../../src/ui/top/lines.js';
import { TopModel } from '../../../../src/ui/top/model.js';
import type { Opened, PageRows, TopSource } from '../../../../src/ui/top/source.js';

const node = (name: string, detail: string, more: Partial<FlowNode> = {}): FlowNode => ({
  name,
  detail,
  health: 'good',
  ...more,
});

const STATUS: StatusReport = {
  running: true,
  pipeline: 'person-planning',
  target: 'embedded',
  upMs: 720_000,
  memoryBytes: 198 * 2 ** 20,
  components: [
    { name: 'kafka', health: 'good', state: 'running', address: ':9092', pid: 4711, restarts: 0, uptimeMs: 720_000 },
    { name: 'connect', health: 'good', state: 'running', address: ':8083', pid: 4712, restarts: 0, uptimeMs: 719_000 },
    {
      name: 'planning-balance-sheet-consumer',
      health: 'bad',
      state: 'restarting in 4 s',
      restarts: 3,
      lastError: 'ended with code 1: no licence found',
    },
    { name: 'planning', health: 'waiting', state: 'stopped' },
  ],
  flows: [
    [
      node('accounting', '0 B behind'),
      node('accounting-cdc', 'RUNNING 1/1', { via: 'WAL' }),
      node('private_accounting_bal_sheet_cdc', '500 records'),
      node('planning-balance-sheet', 'lag 12, no member', { health: 'bad' }),
    ],
  ],
};

const LISTS: { readonly [P in Exclude<keyof PageRows, 'components'>]: readonly PageRows[P][] } = {
  topics: [
    { name: 'orders', health: 'good', partitions: 3, records: 1_204n, perSecond: 20 },
    { name: 'payments', health: 'good', partitions: 12, records: 1_000_000n, perSecond: 0 },
  ],
  connectors: [
    { name: 'accounting-cdc', health: 'good', state: 'RUNNING', tasks: '1/1' },
    { name: 'sink', health: 'bad', state: 'RUNNING', tasks: '0/1', lastError: 'task 0 FAILED: no such table' },
  ],
  groups: [{ name: 'planning', health: 'bad', state: 'Empty', members: 0, lag: 12n, topics: ['orders'] }],
  checks: [{ name: 'persons', health: 'waiting', about: 'person.person → planning.person', verdict: 'not run yet' }],
};

interface Invented {
  readonly model: TopModel;
  readonly deeds: string[];
  /** Names of what was opened and has not ended. */
  readonly open: Set<string>;
  press(...keys: readonly (string | PressedKey)[]): void;
  draw(columns?: number, rows?: number): string[];
  until(text: string): Promise<void>;
  stop(): void;
}

/** Ends with its signal, as a followed log does. */
const untilEnd = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function invented(): Promise<Invented> {
  const deeds: string[] = [];
  const open = new Set<string>();
  async function* kept<T>(name: string, values: readonly T[], signal: AbortSignal): AsyncGenerator<T> {
    open.add(name);
    yield* values;
    await untilEnd(signal);
    open.delete(name);
  }
  const opened = (page: string, name: string, how: string): Opened =>
    page === 'components'
      ? {
          kind: 'log',
          lines: (signal) =>
            kept(
              name,
              Array.from({ length: 100 }, (_, at) => `line ${at}`),
              signal,
            ),
        }
      : how === 'content'
        ? { kind: 'records', records: (signal) => kept(name, [], signal) }
        : { kind: 'text', drawings: (signal) => kept(name, [() => [line(`${how} of ${name}`)]], signal) };
  const source: TopSource = {
    pages: ['components', 'topics', 'connectors', 'groups', 'checks'],
    status: (signal) => kept('status', [STATUS], signal),
    list: (page, signal) => kept(page, [{ rows: LISTS[page] }], signal),
    open: opened,
    act: async (action, page, name) => {
      deeds.push(`${action} ${page} ${name}`);
      if (name === 'kafka') throw new Error('kafka does not end');
    },
  };
  const model = new TopModel(source);
  const ending = new AbortController();
  const run = model.run(ending.signal);
  const draw = (columns = 80, rows = 20): string[] => {
    const lines = topLines(model, { columns, rows, nowMs: model.statusAtMs });
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    return lines.map((one) => textOf(one).trimEnd());
  };
  const until = async (text: string): Promise<void> => {
    await waitUntil(
      () => `${text} in\n${draw().join('\n')}`,
      async () => draw().join('\n').includes(text) || undefined,
      { timeoutMs: 10_000 },
    );
  };
  await until('kafka');
  return {
    model,
    deeds,
    open,
    press: (...keys) => {
      for (const key of keys) model.press(typeof key === 'string' ? { kind: 'text', text: key } : key);
      draw();
    },
    draw,
    until,
    stop: () => {
      ending.abort();
      void run;
    },
  };
}

const enter: PressedKey = { kind: 'enter' };
const leave: PressedKey = { kind: 'escape' };
const down: PressedKey = { kind: 'down' };

describe('the screen of top', () => {
  it.each([40, 80, 200])('fits %d columns', async (columns) => {
    const top = await invented();
    const screens: string[] = [];
    for (const [page, text] of [
      ['1', 'kafka'],
      ['2', 'accounting'],
      ['3', 'orders'],
      ['4', 'sink'],
      ['5', 'planning'],
      ['6', 'persons'],
    ] as const) {
      top.press(page);
      await top.until(text);
      screens.push(...top.draw(columns, 16), '─'.repeat(columns));
    }
    top.press('1', enter);
    await top.until('line 99');
    screens.push(...top.draw(columns, 16), '─'.repeat(columns));
    top.press('?');
    screens.push(...top.draw(columns, 16));
    top.stop();
    await expect(`${screens.join('\n')}\n`).toMatchFileSnapshot(`screens/${columns}.txt`);
  });

  it('says that it has no answer rather than show what may no longer be true', async () => {
    const top = await invented();
    const [heading] = topLines(top.model, { columns: 80, rows: 20, nowMs: top.model.statusAtMs + 60_500 });
    expect(textOf(heading ?? [])).toBe('no answer for 60 s');
    top.stop();
  });
});

describe('the keys of top', () => {
  it('keep the cursor on its row, and open what is under it until they leave it', async () => {
    const top = await invented();
    top.press(down, enter);
    await top.until('line 99');
    expect(top.draw()[3]).toBe('connect   log, following');
    expect(top.open).toContain('connect');
    top.press({ kind: 'page-up' });
    expect(top.draw()[3]).toBe('connect   log');
    top.press('G');
    expect(top.draw()[3]).toBe('connect   log, following');
    top.press('q');
    await waitUntil('the log to be left', async () => !top.open.has('connect') || undefined, { timeoutMs: 10_000 });
    expect(top.draw().find((one) => one.startsWith('›'))).toContain('connect');
    top.stop();
  });

  it('search rows, then lines of what is opened, until Escape', async () => {
    const top = await invented();
    top.press('3');
    await top.until('payments');
    top.press('/', 'p', 'a', 'y', enter);
    expect(top.draw().filter((one) => /orders|payments/.test(one))).toHaveLength(1);
    expect(top.draw().at(-1)).toContain('/pay');
    top.press(leave);
    expect(top.draw().join()).toContain('orders');
    top.press('1', enter);
    await top.until('line 99');
    top.press('/', '4', '2', enter);
    expect(top.draw().filter((one) => one.startsWith('line'))).toEqual(['line 42']);
    top.stop();
  });

  it('go to a page by the beginning of its name, and say which there are', async () => {
    const top = await invented();
    top.press(':', 'g', 'r', enter);
    await top.until('Empty');
    top.press(':', 'c', enter);
    expect(top.draw().at(-1)).toBe('no page c: there are components, flow, topics, connectors, groups, checks');
    top.press(':', 'q', enter);
    expect(top.model.state.left).toBe('quit');
    top.stop();
  });

  it('do nothing to a component or connector before they are answered with y', async () => {
    const top = await invented();
    top.press('4');
    await top.until('accounting-cdc');
    top.press('p');
    expect(top.draw().at(-1)).toBe('pause accounting-cdc?   y yes   any other key no');
    top.press('n');
    expect(top.deeds).toEqual([]);
    top.press('p', 'y');
    await top.until('accounting-cdc: paused');
    top.press('1', 'G', 'p', 'y');
    await top.until('planning: started');
    top.press('g', 'r', 'y');
    await top.until('kafka does not end');
    expect(top.deeds).toEqual([
      'pause connectors accounting-cdc',
      'start components planning',
      'restart components kafka',
    ]);
    top.stop();
  });

  it('go to the records that are open, and lead back once these have nothing to close', async () => {
    const top = await invented();
    top.press('3');
    await top.until('orders');
    top.press(enter, '/', 'q', enter);
    expect(top.model.records?.tail.keys).toMatchObject({ filter: 'q', left: undefined });
    top.press(leave);
    expect(top.model.records?.tail.keys.filter).toBe('');
    top.press(leave);
    expect(top.model.records).toBeUndefined();
    top.press(enter, 'q');
    expect([top.model.records, top.model.state.left]).toEqual([undefined, undefined]);
    top.press(enter, { kind: 'interrupt' });
    expect(top.model.state.left).toBe('interrupted');
    await waitUntil('all to end', async () => top.open.size === 0 || undefined, { timeoutMs: 10_000 });
    top.stop();
  });

  it('describe a topic beside its records', async () => {
    const top = await invented();
    top.press('3');
    await top.until('orders');
    top.press('d');
    await top.until('description of orders');
    top.stop();
    await waitUntil('all to end', async () => top.open.size === 0 || undefined, { timeoutMs: 10_000 });
  });
});
