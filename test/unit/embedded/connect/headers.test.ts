import { expect, it } from 'vitest';
import { Schema, STRING } from '../../../../src/embedded/connect/data/schema.js';
import { headerConverter } from '../../../../src/embedded/connect/worker/headers.js';

const HEADERS = [
  { name: 'a', schema: STRING, value: 'x' },
  { name: 'n', schema: new Schema('int32'), value: 7 },
];
const written = (config: Record<string, string>) =>
  headerConverter(config, {})
    .write('t', HEADERS)
    .map(([name, bytes]) => [name, bytes?.toString('utf8')]);

it('headers are readable text, unless header.converter says otherwise', () => {
  expect(written({})).toEqual([
    ['a', 'x'],
    ['n', '7'],
  ]);
  const json = 'org.apache.kafka.connect.json.JsonConverter';
  expect(written({ 'header.converter': json, 'header.converter.schemas.enable': 'false' })).toEqual([
    ['a', '"x"'],
    ['n', '7'],
  ]);
  expect(written({ 'header.converter': 'org.apache.kafka.connect.storage.StringConverter' })).toEqual([
    ['a', 'x'],
    ['n', '7'],
  ]);
});

it('a sink reads headers by header.converter, too', () => {
  const simple = headerConverter({}, {}).read('t', [['n', Buffer.from('7')]]);
  expect(simple.map(({ value }) => value)).toEqual([7]);
  const text = headerConverter({ 'header.converter': 'org.apache.kafka.connect.storage.StringConverter' }, {});
  expect(text.read('t', [['n', Buffer.from('7')]]).map(({ value }) => value)).toEqual(['7']);
});
