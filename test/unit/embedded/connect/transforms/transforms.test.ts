import { expect, test } from 'vitest';
import { Options } from '../../../../../src/embedded/connect/config/options.js';
import { partitionRouting } from '../../../../../src/embedded/connect/transforms/partition-routing.js';
import { unknownClass } from '../../../../../src/embedded/connect/worker/chain.js';
import { CASES, comparable, recordedAnswers } from './answers.js';
import { runCase } from './run-case.js';

const answers = recordedAnswers();

test.each(Object.entries(CASES))('does what the real transform does: %s', async (name, given) => {
  const real = answers.get(name);
  if (real === undefined) throw new Error(`no answer is recorded for "${name}"`);
  const ours = await runCase(given);
  const [expected, found] = [comparable(real), comparable(ours)];
  // Where Java fell over, any failure of ours will do.
  if (JSON.stringify(expected) === '{"failed":"java"}') expect(ours).toHaveProperty('failure');
  else expect(JSON.stringify(found)).toEqual(JSON.stringify(expected));
});

test('records an answer for each case and for nothing else', () => {
  expect([...answers.keys()]).toEqual(Object.keys(CASES));
});

test('refuses the hash function that it does not have', () => {
  const given = {
    'partition.payload.fields': 'after.id',
    'partition.topic.num': '3',
    'partition.hash.function': 'murmur',
  };
  expect(() => new Options(partitionRouting.options, given)).toThrow('evpipe does not have murmur');
});

test('says what to do without a transform that runs scripts', () => {
  expect(unknownClass('io.debezium.transforms.ContentBasedRouter', 'transforms.route.type')).toBe(
    "Invalid value io.debezium.transforms.ContentBasedRouter for configuration transforms.route.type: Class io.debezium.transforms.ContentBasedRouter could not be found. It runs scripts, which embedded Connect does not: use Kafka's Filter with a predicate, or decide in the consumer.",
  );
});
