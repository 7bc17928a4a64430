import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { coded, type RecordedFrame } from '../../../support/recorded-frame.js';

const file = new URL('../../../fixtures/kafka/frames.json', import.meta.url);
const frames = JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedFrame[];

describe('what real clients and the real broker said to each other', () => {
  for (const name of new Set(frames.map(({ api }) => api))) {
    it(`is read and written byte for byte: ${name}`, () => {
      for (const frame of frames.filter(({ api }) => api === name)) {
        const bytes = coded(frame)?.toString('base64');
        expect(bytes, `${name} ${frame.version} ${frame.direction}`).toBe(frame.bytes);
      }
    });
  }
});
