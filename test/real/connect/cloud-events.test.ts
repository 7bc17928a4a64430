import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ANSWERS_FILE,
  readable,
  recordedAnswers,
} from '../../unit/embedded/connect/converters/cloud-events/answers.js';
import { CLOUD_EVENT_CASES } from '../../unit/embedded/connect/converters/cloud-events/cases.js';
import { type CloudEventAnswer, runCase } from '../../unit/embedded/connect/converters/cloud-events/run-case.js';
import { downloadRealStack } from '../stack/download.js';
import { repositoryFolder } from '../stack/repository.js';
import { type RealStack, startRealStack } from '../stack/stack.js';

const names = Object.keys(CLOUD_EVENT_CASES);
const needsRegistry = (name: string): boolean => JSON.stringify(CLOUD_EVENT_CASES[name]).includes('REGISTRY');
const answers = new Map<string, CloudEventAnswer>();

let stack: RealStack;
beforeAll(async () => {
  stack = await startRealStack({ registry: true });
  const folder = await downloadRealStack();
  const classpath = ['debezium-connector-postgres', 'avro-converter'].map((one) => join(folder, 'plugins', one, '*'));
  const source = join(repositoryFolder, 'test/real/stack/java/CloudEvents.java');
  const java = spawn(
    'java',
    ['-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', [...classpath, join(folder, 'kafka/*')].join(':'), source],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = names.map((name) => JSON.stringify(CLOUD_EVENT_CASES[name]).replaceAll('REGISTRY', stack.registry.url));
  java.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const said = (await text(java.stdout)).trimEnd().split('\n');
  names.forEach((name, index) => {
    answers.set(name, JSON.parse(said[index] ?? '{}') as CloudEventAnswer);
  });
  if (process.env.EVPIPE_RECORD === '1')
    writeFileSync(
      ANSWERS_FILE,
      names
        .filter((name) => !needsRegistry(name))
        .map((name) => `${JSON.stringify({ name, answer: answers.get(name) })}\n`)
        .join(''),
    );
});
afterAll(() => stack?.stop());

it('the real converter still writes what npm test compares with', () => {
  expect(answers.size).toBe(names.length);
  const recorded = recordedAnswers();
  expect([...recorded.keys()]).toEqual(names.filter((name) => !needsRegistry(name)));
  for (const [name, answer] of recorded) expect(readable(answers.get(name)), name).toBe(readable(answer));
});

it.each(names.filter(needsRegistry))(
  'writes Avro as the real converter does, into the same registry: %s',
  async (name) => {
    const one = CLOUD_EVENT_CASES[name];
    if (one === undefined) throw new Error('the case is gone');
    // The registry gives equal schemas one id, so equal bytes also mean equal schemas.
    expect(readable(await runCase(one, stack.registry.url))).toBe(readable(answers.get(name)));
  },
);
