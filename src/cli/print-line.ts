import { type Line, paint, wrapLine } from '../ui/text/line.js';
import type { Shell } from './shell.js';

/** On a terminal it is broken between words, and goes on at `indent`; in a pipe it stays one line. */
export function printLine(spans: Line, { shell, indent }: { readonly shell: Shell; readonly indent: number }): void {
  const lines = shell.columns === undefined ? [spans] : wrapLine(spans, shell.columns, indent);
  for (const one of lines) shell.out(`${paint(one, shell.color)}\n`);
}
