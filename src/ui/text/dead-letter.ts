import type { DeadLetterContext } from '../../operations/dead-letters/context.js';
import { type Line, line, span, truncateLine, wrap, wrapLine } from './line.js';
import { printable } from './printable.js';

export interface ShownLetter extends DeadLetterContext {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: unknown;
  readonly value: unknown;
}

/** Where the record is and came from, why it failed, and as much of it as fits on one line. */
export function deadLetterLines(letter: ShownLetter, columns: number): Line[] {
  const { partition, offset, timestampMs, origin, by, stage, message } = letter;
  const from =
    origin === undefined
      ? 'it does not say from where'
      : `from ${printable(origin.topic)} ${origin.partition ?? '?'}@${origin.offset ?? '?'}`;
  const time = timestampMs < 0 ? 'no time' : new Date(timestampMs).toISOString();
  const about = [time, from, by === undefined ? '' : `by ${printable(by)}`, printable(stage ?? '')];
  // A class without its package: that is what people know it by.
  const exception = letter.exception?.split('.').at(-1);
  const why = [exception, message].filter((part) => part !== undefined && part !== '').join(': ');
  return [
    ...wrapLine(
      line(span(`${partition}@${offset}`, 'strong'), `  ${about.filter((part) => part !== '').join('   ')}`),
      columns,
      2,
    ),
    ...wrap(printable(why === '' ? 'no reason in its headers' : why), columns - 2).map((text) =>
      line('  ', span(text, 'bad')),
    ),
    line('  ', span(`key ${json(letter.key)}  value ${json(letter.value)}`, 'dim')),
  ].map((one) => truncateLine(one, columns));
}

function json(value: unknown): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
  return printable(text ?? 'null');
}
