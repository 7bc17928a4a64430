import xterm from '@xterm/headless';
import { render } from 'ink-testing-library';
import { expect, it } from 'vitest';
import { FullScreen } from '../../../src/ui/screen.js';
import { line, span } from '../../../src/ui/text/line.js';

const COLUMNS = 100; // of the library's terminal

/** The screen as its user sees it after all that was written. */
async function seen(written: readonly string[]): Promise<string> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: 24, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(written.join(''), resolve));
  const rows = Array.from({ length: 24 }, (_, row) =>
    terminal.buffer.active.getLine(row)?.translateToString(true).trimEnd(),
  );
  terminal.dispose();
  return rows.join('\n').trimEnd();
}

const screenOf = (...rows: readonly string[]) => <FullScreen lines={rows.map((row) => line(row))} color={false} />;

it('draws what changed, and clears what is gone', async () => {
  const wide = 'x'.repeat(COLUMNS);
  const screen = render(screenOf('orders', wide, 'third', 'fourth'));
  expect(await seen(screen.stdout.frames)).toBe(`orders\n${wide}\nthird\nfourth`);
  const before = screen.stdout.frames.length;
  screen.rerender(screenOf('orders', wide, '3rd'));
  const since = screen.stdout.frames.slice(before).join('');
  expect(since).toContain('3rd');
  expect(since, 'what stayed is not written again').not.toMatch(/orders|xx/);
  expect(await seen(screen.stdout.frames)).toBe(`orders\n${wide}\n3rd`);
  screen.unmount();
});

it('writes nothing where nothing changed', () => {
  const screen = render(screenOf('orders'));
  const before = screen.stdout.frames.length;
  screen.rerender(screenOf('orders'));
  expect(screen.stdout.frames.slice(before).join('')).toBe('');
  screen.unmount();
});

it('takes its colours along', () => {
  const screen = render(<FullScreen lines={[line(span('done', 'good'))]} color={true} />);
  expect(screen.stdout.frames.join('')).toContain('\u001b[32mdone\u001b[39m');
  screen.unmount();
});
