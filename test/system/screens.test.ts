import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { KEYS, openTerminal, type Terminal, type TerminalOptions } from '../support/terminal.js';

let terminal: Terminal | undefined;

afterEach(async () => {
  terminal?.kill('SIGKILL');
  await terminal?.ended;
  terminal = undefined;
});

function open(screen: 'tail' | 'top' | 'up', args: readonly string[], options: TerminalOptions = {}): Terminal {
  const file = fileURLToPath(new URL(`../fixtures/ui/${screen}.js`, import.meta.url));
  terminal = openTerminal([process.execPath, file, ...args], options);
  return terminal;
}

const widest = (screen: string): number => Math.max(...screen.split('\n').map((line) => line.length));

/** The number of the newest record shown: its time's milliseconds say it in the fixture. */
const lastRow = (screen: string): string | undefined => screen.match(/^.*person-\d+.*$/gm)?.at(-1);

describe('tail on a terminal', () => {
  it('follows, pauses, opens a record, and gives the terminal back on q', async () => {
    const tail = open('tail', ['50']);
    await tail.shows('2 topics', 'following', /person-49/);
    expect(tail.alternate()).toBe(true);
    expect(widest(tail.screen())).toBeLessThanOrEqual(80);

    tail.type(' ');
    const paused = lastRow(await tail.shows('paused'));
    tail.type(KEYS.up);
    await tail.shows(/^› .*person-\d+/m);
    expect(lastRow(tail.screen())?.slice(2)).toBe(paused?.slice(2));

    tail.type(KEYS.enter);
    await tail.shows(/partition \d offset \d+/, 'schema public_person_entity_events-value v1 (id 3)');
    tail.type('q');
    await tail.shows('left by quit');
    expect(await tail.ended).toMatchObject({ code: 0 });
    expect([tail.alternate(), tail.cursorVisible()]).toEqual([false, true]);
  });

  it('filters by what is typed, and shows before and after of a captured row', async () => {
    const tail = open('tail', ['500'], { columns: 200, rows: 30 });
    await tail.shows('following', /update +city Bern → Genf/);
    tail.type('/person-7');
    await tail.shows('/person-7');
    tail.type(KEYS.enter);
    await tail.shows(/^\/person-7 +\d+ found/m);
    await tail.shows(/^(?![\s\S]*person-\d*8 )/);
    tail.type(KEYS.escape);
    await tail.shows(/person-\d*8 /);
  });

  it('never lets a record move the cursor or ring the bell', async () => {
    const tail = open('tail', ['200']);
    await tail.shows(/person-40/);
    tail.type('/evil');
    tail.type(KEYS.enter);
    await tail.shows(/^\/evil +\d+ found/m);
    tail.type('b');
    tail.type(KEYS.enter);
    await tail.shows('"evil": "\\u001b[2Jgone\\u0007"');
    expect(tail.raw()).not.toContain('\x1b[2Jgone');
    expect(tail.raw()).not.toContain('\x07');
  });

  it('gives the terminal back on Ctrl-C', async () => {
    const tail = open('tail', ['20000']);
    await tail.shows('following', /\d,\d{3}\/s/);
    tail.type(KEYS.interrupt);
    await tail.shows('left by interrupted');
    await tail.ended;
    expect([tail.alternate(), tail.cursorVisible()]).toEqual([false, true]);
  });

  it('follows the size of the terminal, and is readable without colour', async () => {
    const tail = open('tail', ['50'], { env: { ...process.env, NO_COLOR: '1' } });
    await tail.shows(/person-30/);
    tail.resize(120, 12);
    await tail.shows('before→after');
    expect(widest(tail.screen())).toBeLessThanOrEqual(120);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour is made of one
    expect(tail.raw()).not.toMatch(/\x1b\[[0-9;]*m/);
  });
});

describe('top on a terminal', () => {
  it('draws a table of what runs and the flow of the data', async () => {
    const top = open('top', ['good']);
    const screen = await top.shows('person-planning on embedded', 'all well', 'q quit');
    expect(screen).toContain('accounting ──WAL──▶ accounting-cdc ──▶ private_accounting_bal_sheet_cdc\n');
    expect(screen).toContain('› ✓ kafka    running  :9092    4711   98 MB  12 min\n');
    top.type('q');
    expect(await top.ended).toMatchObject({ code: 0 });
    expect(top.alternate()).toBe(false);
  });

  it('names what is not well', async () => {
    const top = open('top', ['bad'], { columns: 200 });
    await top.shows(
      '2 failed',
      /✗ planning-balance-sheet-consumer +restarting in 4 s +3 +ended with code 1: no licence found/,
      /✗ lag \d+, no member/,
    );
  });

  it('opens a log and the records of a topic, and comes back', async () => {
    const top = open('top', ['good']);
    await top.shows('kafka');
    top.type(KEYS.enter);
    await top.shows('kafka   log, following', /line \d+ of the log \\x1b\[2J/);
    top.type(KEYS.escape);
    await top.shows('[1 components]');
    top.type('3');
    await top.shows(/› ✓ orders +3 +1,204 +20/);
    top.type(KEYS.enter);
    await top.shows('orders   JSON', 'following', /k\d+/);
    top.type(KEYS.escape);
    await top.shows('[3 topics]');
  });

  it('asks before it pauses a connector, and shows that it is', async () => {
    const top = open('top', ['good']);
    await top.shows('kafka');
    top.type('4');
    await top.shows(/› ✓ accounting-cdc +RUNNING/);
    top.type('p');
    await top.shows('pause accounting-cdc?');
    top.type('y');
    await top.shows('accounting-cdc: paused', /… accounting-cdc +PAUSED/);
    top.type(KEYS.interrupt);
    await top.shows('left by interrupted');
    await top.ended;
    expect([top.alternate(), top.cursorVisible()]).toEqual([false, true]);
  });
});

describe('up on a terminal', () => {
  it('leaves the last state above the prompt', async () => {
    const up = open('up', ['fail']);
    await up.shows(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] streams/);
    expect(await up.ended).toMatchObject({ code: 0 });
    expect(up.screen()).toContain(
      [
        '  ✗ streams     connector accounting-cdc: task 0 FAILED',
        '                table public.accounting_balancesheets does not exist in database',
        '                accounting',
        '                pipelines/person-planning/evpipe.yaml:48:27',
        '                did you mean public.accounting_balancesheet?',
        '  · seed        stopped: persons ━',
      ].join('\n'),
    );
    expect(up.cursorVisible()).toBe(true);
  });

  it('writes each report of a check once', async () => {
    // Ink's <Static> wrote them twice where the end came right after them.
    const up = open('up', ['reports']);
    await up.ended;
    expect(up.raw().match(/✓ consistent/g)).toHaveLength(2);
  });

  it('is left by the signal of Ctrl-C with the terminal as it was', async () => {
    const up = open('up', ['slow']);
    await up.shows(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] streams/);
    up.type(KEYS.interrupt);
    await up.shows('interrupted', 'stopped: accounting-cdc');
    await up.ended;
    expect(up.cursorVisible()).toBe(true);
  });
});

/** As serial lines and some CI systems have it. */
it('takes a terminal that says 0 columns for one of 80', async () => {
  const evpipe = fileURLToPath(new URL('../../bin/evpipe.js', import.meta.url));
  const script = `stty cols 0 rows 0; exec "$0" "$1" graph pipelines/person-planning`;
  terminal = openTerminal(['sh', '-c', script, process.execPath, evpipe]);
  await terminal.shows('planning-balance-sheet-consumer', 'accounting  service', /──▶ person-outbox$/m);
  expect(await terminal.ended).toMatchObject({ code: 0 });
});
