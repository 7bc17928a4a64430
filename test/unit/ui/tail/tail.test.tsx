import { setTimeout as delay } from 'node:timers/promises';
import { render } from 'ink-testing-library';
import { describe, expect, it } from 'vitest';
import type { DecodedRecord, JsonValue, TailRecord } from '../../../../src/operations/tail/record.js';
import { waitUntil } from '../../../../src/support/retry.js';
import { changesBetween, envelopeOf } from '../../../../src/ui/tail/before-after.js';
import { tailLines } from '../../../../src/ui/tail/lines.js';
import { TailModel } from '../../../../src/ui/tail/model.js';
import { Tail } from '../../../../src/ui/tail/render.js';
import { Ring } from '../../../../src/ui/tail/ring.js';
import { textOf, widthOf } from '../../../../src/ui/text/line.js';

function record(offset: number, value: JsonValue = { n: offset }, more: Partial<DecodedRecord> = {}): TailRecord {
  const key = `k${offset % 3}`;
  return {
    topic: 't',
    partition: 0,
    offset: BigInt(offset),
    timestampMs: -1,
    rawKey: Buffer.from(key),
    valueBytes: 10,
    decode: () => ({ key, value, headers: [], format: 'JSON', ...more }),
  };
}

/** A source that tells how far it was read. */
function numbers(count: number, batch = 10): { source: AsyncIterable<readonly TailRecord[]>; read: () => number } {
  let next = 0;
  async function* source() {
    while (next < count) {
      next += batch;
      yield Array.from({ length: batch }, (_, at) => record(next - batch + at));
    }
  }
  return { source: source(), read: () => next };
}

async function modelOf(values: readonly JsonValue[]): Promise<TailModel> {
  const model = new TailModel();
  async function* source() {
    yield values.map((value, offset) => record(offset, value));
  }
  await model.pump(source());
  return model;
}

const draw = (model: TailModel, columns = 80, rows = 12): string[] =>
  tailLines(model, { columns, rows, topics: ['t'], perSecond: 0 }).map((one) => textOf(one).trimEnd());

const press = (model: TailModel, text: string): void => {
  for (const one of text) model.press({ kind: 'text', text: one });
};

describe('the ring of a tail', () => {
  it('keeps the newest items within both of its bounds, and always one', () => {
    const ring = new Ring<number>(4, 100, (size) => size);
    for (const size of [10, 20, 30, 40]) ring.push(size);
    expect([ring.start, ring.end, ring.full]).toEqual([0, 4, true]);
    ring.push(5);
    expect([ring.start, ring.at(0), ring.at(4)]).toEqual([1, undefined, 5]);
    ring.push(1_000);
    expect([ring.start, ring.end, ring.at(5)]).toEqual([5, 6, 1_000]);
  });
});

describe('a tail', () => {
  it('follows for ever within its memory', async () => {
    const model = new TailModel({ records: 100 });
    await model.pump(numbers(5_000).source);
    expect([model.ring.end, model.ring.end - model.ring.start, model.over]).toEqual([5_000, 100, 'ended']);
    expect(draw(model).at(-2)).toMatch(/0 4999 {2}k1 .*4999/);
  });

  it('holds the source back while paused rather than lose the record under the cursor, and reads on as it moves', async () => {
    const model = new TailModel({ records: 100 });
    const { source, read } = numbers(1_000);
    press(model, ' ');
    const pumping = model.pump(source);
    await waitUntil('a full ring', async () => model.ring.full || undefined, { timeoutMs: 5_000 });
    await delay(0);
    expect([model.ring.start, read()]).toEqual([0, 110]);
    press(model, 'j'.repeat(60));
    await waitUntil('more to be read', async () => read() > 110 || undefined, { timeoutMs: 5_000 });
    expect(model.ring.at(model.cursor)?.offset).toBe(60n);
    press(model, 'G');
    await pumping;
    expect(model.cursor).toBe(999);
  });

  it('finds the records that hold all words, and moves among them only', async () => {
    const model = await modelOf(Array.from({ length: 200 }, (_, n) => ({ n, city: n % 10 === 0 ? 'Genf' : 'Bern' })));
    press(model, '/GENF k0');
    model.press({ kind: 'enter' });
    while (model.filtering?.left !== 0) model.tick(performance.now()); // a slice of time each: on a busy machine one is not enough
    expect(model.filtering).toEqual({ matches: 7, left: 0, skipped: 0 });
    model.press({ kind: 'up' });
    expect(model.ring.at(model.cursor)?.offset).toBe(150n);
    model.press({ kind: 'escape' });
    expect(model.filtering).toBeUndefined();
  });

  it('waits for records whose schema has to be fetched, in order', async () => {
    const model = new TailModel();
    async function* source() {
      const slow = record(0);
      yield [{ ...slow, decode: async () => slow.decode() }, record(1)];
    }
    await model.pump(source());
    press(model, '/n');
    model.press({ kind: 'enter' });
    expect(draw(model).join('\n')).toContain('searching…');
    const bothFound = async () => {
      model.tick(performance.now());
      return model.filtering?.matches === 2 || undefined;
    };
    await waitUntil('both', bothFound, { timeoutMs: 5_000 });
    expect([model.rows.numberAt(0), model.rows.numberAt(1)]).toEqual([0, 1]);
  });

  it('shows what changed since the previous record of the same key', async () => {
    const model = await modelOf([{ city: 'Bern', n: 1 }, 'other', 'other', { city: 'Genf', n: 1 }, null]);
    expect(draw(model)[4]).toMatch(/0 3 {2}k0 +city Bern → Genf$/);
    expect(draw(model)[5]).toMatch(/∅$/);
    press(model, 'b');
    expect(draw(model)[4]).toMatch(/\{"city":"Genf","n":1\}$/);
  });

  it('fills exactly the rows of the terminal at any size, with and without an open record', async () => {
    const model = await modelOf(Array.from({ length: 50 }, (_, n) => ({ n, text: '你好 '.repeat(30) })));
    for (const [columns, rows] of [
      [80, 23],
      [200, 49],
      [20, 5],
    ] as const) {
      for (const keys of ['', 'p', 'pb']) {
        press(model, keys);
        const lines = tailLines(model, { columns, rows, topics: ['t', 'another'], perSecond: 1204 });
        expect(lines).toHaveLength(rows);
        expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
      }
      model.press({ kind: 'enter' });
    }
  });

  it('jumps to an offset, a place in a partition or a time, and says where there is none', async () => {
    const model = new TailModel();
    async function* source() {
      yield Array.from({ length: 20 }, (_, at) => ({
        ...record(Math.floor(at / 2)),
        partition: at % 2,
        timestampMs: new Date(2026, 0, 31, 12, 4, at).getTime(),
      }));
    }
    await model.pump(source());
    const jump = (to: string) => {
      press(model, `:${to}`);
      model.press({ kind: 'enter' });
      const { partition, offset } = model.ring.at(model.cursor) ?? {};
      return `${partition}:${offset}`;
    };
    expect(jump('7')).toBe('0:7');
    expect(jump('1:3')).toBe('1:3');
    expect(jump('12:04:10')).toBe('0:5');
    expect(jump('1:99')).toBe('0:5');
    expect(draw(model).at(-1)).toMatch(/^1:99 is not among the 20 records kept: start with -b/);
    expect(jump('soon')).toBe('0:5');
    expect(draw(model).at(-1)).toMatch(/^soon is no offset/);
    press(model, 'j');
    expect(draw(model).at(-1)).toMatch(/^space follow/);
  });

  it('shows one topic after the other, and finds words in the key alone', async () => {
    const model = new TailModel();
    async function* source() {
      yield Array.from({ length: 6 }, (_, at) => ({ ...record(at, { of: 'k1' }), topic: at % 2 === 0 ? 'a' : 'b' }));
    }
    await model.pump(source());
    const shown = () => {
      model.tick(performance.now());
      return tailLines(model, { columns: 80, rows: 10, topics: ['a', 'b'], perSecond: 0 }).map((one) =>
        textOf(one).trimEnd(),
      );
    };
    press(model, 't');
    expect(shown()[0]).toMatch(/^a \(1 of 2 topics\)/);
    expect(model.rows.count).toBe(3);
    press(model, 't/key:k1');
    model.press({ kind: 'enter' });
    expect(shown()[0]).toMatch(/^b \(1 of 2 topics\)/);
    expect(model.rows.count, 'all values hold k1').toBe(1);
    press(model, 't');
    expect(shown()[0]).toMatch(/^2 topics: a, b/);
  });

  it('copies the record under the cursor as JSON, unless the terminal would not take it', async () => {
    const model = await modelOf([{ n: 1 }, 'x'.repeat(60_000)]);
    const copied: string[] = [];
    model.copied = (text) => copied.push(text);
    press(model, 'y');
    expect(draw(model).at(-1)).toMatch(/^too long to copy: 60\d{3} characters/);
    press(model, 'ky');
    expect(copied.map((text) => JSON.parse(text))).toEqual([
      {
        topic: 't',
        partition: 0,
        offset: '0',
        timestamp: null,
        key: 'k0',
        value: { n: 1 },
        headers: [],
        format: 'JSON',
      },
    ]);
    expect(draw(model).at(-1)).toMatch(/^copied/);
  });

  it.each([40, 80, 200])('fits %d columns, with an open record and its headers', async (columns) => {
    const model = new TailModel();
    const headers = [
      ['ce_type', 'person.updated'],
      ['content-type', 'application/avro'],
      ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
      ['empty', null],
    ] as const;
    async function* source() {
      yield Array.from({ length: 9 }, (_, at) =>
        record(at, { id: `person-${at}`, city: at % 2 === 0 ? 'Bern' : 'Genf', note: 'Grüße an 你好' }, { headers }),
      );
    }
    await model.pump(source());
    const screens = [...draw(model, columns, 8), '─'.repeat(columns)];
    press(model, 'kb');
    model.press({ kind: 'enter' });
    screens.push(...draw(model, columns, 24), '─'.repeat(columns));
    press(model, ':7');
    screens.push(...draw(model, columns, 8).slice(-1));
    model.press({ kind: 'escape' });
    press(model, '/key:k1');
    screens.push(...draw(model, columns, 8).slice(-1));
    await expect(`${screens.join('\n')}\n`).toMatchFileSnapshot(`screens/${columns}.txt`);
  });

  it('says what could not be decoded in place of the value', async () => {
    const model = new TailModel();
    async function* source() {
      yield [record(0, 'AAAA', { valueError: 'no schema 7 in the registry' })];
    }
    await model.pump(source());
    expect(draw(model)[1]).toMatch(/no schema 7 in the registry$/);
  });

  it('throws what ended its source', async () => {
    async function* broken(): AsyncGenerator<readonly TailRecord[]> {
      yield [record(0)];
      throw new Error('the broker is gone');
    }
    await expect(new TailModel().pump(broken())).rejects.toThrow('the broker is gone');
  });

  it('is drawn by Ink, and left by q', async () => {
    const model = await modelOf([{ n: 1 }]);
    let left = false;
    const leave = () => {
      left = true;
    };
    const screen = render(<Tail model={model} topics={['t']} color={false} leave={leave} />);
    expect(screen.lastFrame()).toContain('{"n":1}');
    await waitUntil(
      'the key to be read',
      async () => {
        screen.stdin.write('q');
        return left || undefined;
      },
      { timeoutMs: 5_000 },
    );
    screen.unmount();
    expect(model.keys.left).toBe('quit');
  });
});

describe('before and after', () => {
  const source = { lsn: 1 };
  it('reads Debezium envelopes, bare and with their schema', () => {
    const envelope = { before: null, after: { id: 1 }, source, op: 'c' };
    expect(envelopeOf(envelope)).toEqual({ operation: 'create', before: null, after: { id: 1 } });
    expect(envelopeOf({ schema: {}, payload: envelope })?.operation).toBe('create');
    expect(envelopeOf({ op: 'c', after: {} })).toBeUndefined();
    expect(envelopeOf('c')).toBeUndefined();
  });

  it('names nested fields, and tells null from absent', () => {
    expect(changesBetween({ a: { b: 1, c: null }, d: [1] }, { a: { b: 2, c: null, e: null }, d: [1] })).toEqual([
      { path: 'a.b', before: 1, after: 2 },
      { path: 'a.e', before: undefined, after: null },
    ]);
  });
});
