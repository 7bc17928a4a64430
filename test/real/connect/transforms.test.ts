import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { parseJson } from '../../../src/protocol/json/parse.js';
import { ANSWERS_FILE, CASES, comparable, recordedAnswers } from '../../unit/embedded/connect/transforms/answers.js';
import type { CaseAnswer } from '../../unit/embedded/connect/transforms/run-case.js';
import { downloadRealStack } from '../stack/download.js';
import { repositoryFolder } from '../stack/repository.js';

const names = Object.keys(CASES);
let answers: readonly string[] = [];

beforeAll(async () => {
  const stack = await downloadRealStack();
  const classpath = [join(stack, 'kafka/*'), join(stack, 'plugins/debezium-connector-postgres/*')].join(':');
  const source = join(repositoryFolder, 'test/real/stack/java/Transforms.java');
  const java = spawn('java', ['-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', classpath, source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  java.stdin.end(names.map((name) => `${JSON.stringify(CASES[name])}\n`).join(''));
  answers = (await text(java.stdout)).trimEnd().split('\n');
  if (process.env.EVPIPE_RECORD === '1')
    writeFileSync(
      ANSWERS_FILE,
      names.map((name, index) => `{"name":${JSON.stringify(name)},"answer":${answers[index]}}\n`).join(''),
    );
});

test('the real classes still say what npm test compares with', () => {
  expect(answers.length).toBe(names.length);
  const recorded = recordedAnswers();
  const differing = names.filter((name, index) => {
    const [real, kept] = [parseJson(answers[index] ?? '') as unknown as CaseAnswer, recorded.get(name)];
    return kept === undefined || JSON.stringify(comparable(real)) !== JSON.stringify(comparable(kept));
  });
  expect(differing).toEqual([]);
});
