import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { REAL_OPTIONS_FILE, realOptions } from '../../unit/embedded/connect/real-options.js';
import { downloadRealStack } from '../stack/download.js';
import { repositoryFolder } from '../stack/repository.js';

test('the real classes have the options that npm test walks', async () => {
  const stack = await downloadRealStack();
  const folders = ['plugins/debezium-connector-postgres', 'plugins/debezium-connector-jdbc', 'kafka'].map((folder) =>
    join(stack, folder),
  );
  const source = join(repositoryFolder, 'test/real/stack/java/RealOptions.java');
  const java = spawn(
    'java',
    [
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
      '-cp',
      folders.map((folder) => join(folder, '*')).join(':'),
      source,
      ...folders,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = (await text(java.stdout)).trimEnd().split('\n');
  const found = Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...options] = line.split(' ').filter((part) => part !== '');
      return [name, options];
    }),
  );
  if (process.env.EVPIPE_RECORD === '1') writeFileSync(REAL_OPTIONS_FILE, `${JSON.stringify(found, null, 1)}\n`);
  expect(found).toEqual(realOptions());
});
