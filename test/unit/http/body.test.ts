import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readBody } from '../../../src/http/body.js';

const endless = (): Readable => new Readable({ read() {} });
const CUT_OFF = 'the connection was closed within the request';

it('is read whole', async () => {
  expect(String(await readBody(Readable.from([Buffer.from('a'), Buffer.from('b')]), 2))).toBe('ab');
});

it('is refused where it is too large, and its rest is left unread', async () => {
  const body = endless();
  body.push('abc');
  body.push('rest');
  await expect(readBody(body, 2)).rejects.toMatchObject({ status: 413 });
  expect(body.destroyed).toBe(false);
});

it('fails where its sender goes, before it is asked for or within it', async () => {
  const gone = endless();
  gone.destroy();
  await once(gone, 'close');
  await expect(readBody(gone, 10)).rejects.toThrow(CUT_OFF);

  const going = endless();
  const reading = readBody(going, 10);
  going.push('a');
  going.destroy();
  await expect(reading).rejects.toThrow(CUT_OFF);
});
