import { EvpipeError } from './errors.js';

/** No row is longer: PostgreSQL takes 1 GB a row, and what is compared or sent here is far below. A file without line breaks must not fill memory. */
export const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;

export const tooLong = (file: string, line: number, charactersMax: number): EvpipeError =>
  new EvpipeError('EVPIPE_LINE_TOO_LONG', `the line is longer than ${charactersMax} characters`, {
    kind: 'usage',
    todo: 'Check that this is the right file, and that its rows end with line breaks.',
    location: { file, line, column: 1 },
  });

/** The lines of a text that comes in pieces, without their line feeds; `file` is how messages call it. Throws EVPIPE_LINE_TOO_LONG (kind usage). */
export async function* linesOf(
  chunks: AsyncIterable<string>,
  file: string,
  charactersMax = LINE_CHARACTERS_MAX,
): AsyncGenerator<string> {
  let line = 1;
  let begun: string[] = [];
  let characters = 0;
  for await (const chunk of chunks) {
    const [end = '', ...more] = chunk.split('\n');
    begun.push(end);
    characters += end.length;
    if (characters > charactersMax) throw tooLong(file, line, charactersMax);
    const last = more.pop();
    if (last === undefined) continue;
    yield begun.join('');
    line += 1 + more.length;
    yield* more;
    begun = [last];
    characters = last.length;
  }
  if (characters > 0) yield begun.join('');
}
