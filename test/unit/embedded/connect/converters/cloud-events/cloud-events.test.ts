import { expect, it } from 'vitest';
import { readable, recordedAnswers } from './answers.js';
import { CLOUD_EVENT_CASES } from './cases.js';
import { runCase } from './run-case.js';

const answers = recordedAnswers();

it.each([...answers.keys()])('writes a CloudEvent as Debezium does: %s', async (name) => {
  const one = CLOUD_EVENT_CASES[name];
  if (one === undefined) throw new Error('the case is gone');
  expect(readable(await runCase(one))).toBe(readable(answers.get(name)));
});

it.each([
  ['data in JSON within Avro', { 'serializer.type': 'avro' }, "Cannot use 'application/json' data content type"],
  ['all metadata generated', { 'metadata.source': 'generate' }, "Global metadata source can't be GENERATE"],
  ['metadata from nowhere', { 'metadata.source': 'value,id:moon' }, "'moon' is none of value, header, generate"],
])('refuses %s', async (_what, options, why) => {
  const answer = await runCase({ topic: 't', options, value: null, headers: [] });
  expect(readable(answer)).toContain(why);
});
