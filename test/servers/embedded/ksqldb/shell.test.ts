import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVPIPE } from '../../../support/evpipe.js';
import { KEYS, openTerminal, type Terminal } from '../../../support/terminal.js';
import { type KsqlStack, startStack } from './stack.js';

describe('evpipe ksql in a terminal', () => {
  let stack: KsqlStack;
  let folder: string;
  let terminal: Terminal | undefined;

  beforeAll(async () => {
    stack = await startStack();
    folder = await mkdtemp(join(tmpdir(), 'evpipe-shell-'));
    await mkdir(join(folder, 'ksql'));
    await writeFile(
      join(folder, 'evpipe.yaml'),
      `version: 1\nname: shell\nksqldb: { migrations: ksql }\ntargets: { here: { ksqldb: { url: "${stack.url()}" } } }\n`,
    );
    await stack.ksql(
      "CREATE STREAM CLICKS (USERID STRING KEY, N INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON', PARTITIONS=1);",
    );
  });
  afterAll(async () => {
    terminal?.kill('SIGKILL');
    await terminal?.ended;
    await stack?.end();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (): Terminal => {
    const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), HOME: folder };
    terminal = openTerminal([process.execPath, EVPIPE, 'ksql', '--target', 'here'], { cwd: folder, env, columns: 100 });
    return terminal;
  };

  it('continues a statement over lines, completes names, pushes until Ctrl-C, and recalls what was run', async () => {
    const shell = open();
    await shell.shows(/^ksql> *$/m);
    shell.type(`INSERT INTO CLICKS VALUES${KEYS.enter}`);
    await shell.shows(/^\.\.\. *$/m);
    shell.type(`('ann', 7);${KEYS.enter}`);
    await shell.shows(/\.\.\. \('ann', 7\);\nksql> *$/m);

    shell.type('DESCRIBE CLI\t');
    await shell.shows('DESCRIBE CLICKS');
    shell.type(`;${KEYS.enter}`);
    await shell.shows('USERID');

    shell.type(`SET 'auto.offset.reset'='earliest';${KEYS.enter}`);
    shell.type(`SELECT USERID, N FROM CLICKS EMIT CHANGES;${KEYS.enter}`);
    await shell.shows(/ann +.* 7/);
    shell.type(KEYS.interrupt);
    await shell.shows(/ann[\s\S]*\nksql> *$/m);
    shell.type(KEYS.up);
    await shell.shows(/^ksql> SELECT USERID, N FROM CLICKS EMIT CHANGES;$/m);
    shell.type(`${KEYS.interrupt}\\q${KEYS.enter}`);
    expect(await shell.ended).toMatchObject({ code: 0 });
  });

  it('remembers statements over conversations, each on one line', async () => {
    const shell = open();
    await shell.shows(/^ksql> *$/m);
    for (let back = 0; back < 4; back += 1) shell.type(KEYS.up);
    await shell.shows("INSERT INTO CLICKS VALUES ('ann', 7);");
    shell.type(`${KEYS.interrupt}\\q${KEYS.enter}`);
    expect(await shell.ended).toMatchObject({ code: 0 });
  });
});
