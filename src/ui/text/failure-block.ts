import type { Failure } from '../../kinds/events.js';
import { type Line, line, span, wrap } from './line.js';
import { printable } from './printable.js';

/** What failed and why, where it is in the user's file, what to do about it; each part on lines of its own. */
export function failureLines(failure: Failure, columns: number): Line[] {
  const { message, location, todo } = failure;
  const lines = breakLines(message, columns).map((text) => line(span(text, 'bad')));
  if (location !== undefined) {
    const place = `${printable(location.file)}:${location.line}:${location.column}`;
    lines.push(...wrap(place, columns).map((text) => line(span(text, 'strong'))));
  }
  if (todo !== undefined) lines.push(...breakLines(todo, columns).map((text) => line(text)));
  return lines;
}

function breakLines(text: string, columns: number): string[] {
  return text.split('\n').flatMap((part) => wrap(printable(part), columns));
}
