import { expect, it } from 'vitest';
import { EvpipeError } from '../../../src/support/errors.js';
import { linesOf } from '../../../src/support/lines.js';

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

async function linesWithin(charactersMax: number, chunks: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunks, 'rows.jsonl', charactersMax)) lines.push(line);
  return lines;
}

const all = (...texts: string[]): Promise<string[]> => linesWithin(100, pieces(...texts));

it('puts lines together from pieces, and keeps empty ones', async () => {
  expect(await all('on', 'e\ntwo\n\nthr', 'e', 'e\n')).toEqual(['one', 'two', '', 'three']);
  expect(await all('a\n', 'b')).toEqual(['a', 'b']);
  expect(await all()).toEqual([]);
});

it('ends at a line without an end before it has filled memory, and says where it begins', async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<string> {
    yield '1\n2\n';
    for (;;) {
      given += 1_000;
      yield 'x'.repeat(1_000);
    }
  }
  const failure = await linesWithin(10_000, endless()).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(EvpipeError);
  expect(failure).toMatchObject({
    code: 'EVPIPE_LINE_TOO_LONG',
    location: { file: 'rows.jsonl', line: 3, column: 1 },
  });
  expect(given).toBe(11_000);
});
