import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectPostgres,
  type PostgresClient,
  placeOf,
  waitForPostgres,
} from '../../../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../../../src/embedded/postgres/server.js';
import type { EvpipeError } from '../../../../src/support/errors.js';
import { waitUntil } from '../../../../src/support/retry.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-client-'));
let server: RunningPostgres;
let client: PostgresClient;

beforeAll(async () => {
  server = await startPostgres({ dataDir });
  client = await connectPostgres({ url: server.url, settings: { datestyle: 'ISO, YMD', statement_timeout: '60000' } });
});

afterAll(async () => {
  await client?.close();
  await server?.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

const failureOf = (work: Promise<unknown>): Promise<EvpipeError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (failure: unknown) => failure as EvpipeError,
  );

describe('the PostgreSQL client', () => {
  it('gives int8 as bigint, json parsed, dates as the text that the server wrote', async () => {
    const rows = await client.query(
      `SELECT 9007199254740993::int8 AS big, '{"a":1}'::jsonb AS doc, DATE '1815-12-10' AS born`,
    );
    expect(rows).toEqual([{ big: 9007199254740993n, doc: { a: 1 }, born: '1815-12-10' }]);
  });

  it('gives every column as text where text is asked for, and applies session settings', async () => {
    expect(await client.queryText(`SELECT 1.50::numeric, true, NULL, current_setting('datestyle')`)).toEqual([
      ['1.50', 't', null, 'ISO, YMD'],
    ]);
  });

  it('streams more rows than one fetch holds', async () => {
    let rows = 0;
    const signal = new AbortController().signal;
    for await (const block of client.streamText('SELECT generate_series(1, $1::int)', [2500], signal))
      rows += block.length;
    expect(rows).toBe(2500);
    expect(await client.queryText('SELECT 1')).toEqual([['1']]);
  });

  // pg-cursor waits for ever for the end of a cursor whose connection is gone: `up` did, when its server was killed.
  it.each([
    ['reads', 0],
    ['is between two reads', 1],
  ])('ends a stream whose connection is cut while it %s', async (_, blocksBefore) => {
    const cut = await connectPostgres({ url: server.url });
    const [[pid] = []] = await cut.queryText('SELECT pg_backend_pid()');
    const terminate = () => client.queryText('SELECT pg_terminate_backend($1)', [pid]);
    const read = async (): Promise<void> => {
      let blocks = 0;
      const sql = 'SELECT i, pg_sleep(CASE WHEN i = 1500 THEN 60 ELSE 0 END)::text FROM generate_series(1, 3000) i';
      if (blocksBefore === 0) setTimeout(terminate, 100);
      for await (const _block of cut.streamText(sql, [], new AbortController().signal)) {
        blocks += 1;
        if (blocks !== blocksBefore) continue;
        await terminate();
        await failureOf(cut.query('SELECT 1'));
      }
    };
    expect((await failureOf(read())).code).toMatch(/^EVPIPE_POSTGRES_/);
    await cut.close();
  });

  describe('whose server was stopped', () => {
    /** A way to the server that can be made silent: what is open stays open, and what is new is accepted. */
    const behindProxy = async (work: (client: PostgresClient, silence: () => void) => Promise<void>): Promise<void> => {
      const sockets: Socket[] = [];
      const url = new URL(server.url);
      const { hostname, port } = url;
      let isSilent = false;
      const proxy = createServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        if (isSilent) return;
        const onward = connect(Number(port), hostname);
        sockets.push(onward.on('error', () => {}));
        socket.pipe(onward).pipe(socket);
      });
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      url.port = String((proxy.address() as AddressInfo).port);
      try {
        await work(await connectPostgres({ url: url.href }), () => {
          isSilent = true;
          for (const socket of sockets) socket.unpipe().pause();
        });
      } finally {
        for (const socket of sockets) socket.destroy();
        await once(proxy.close(), 'close');
      }
    };

    it('gives up the statement that it waits for, and says why', () =>
      behindProxy(async (stopped, silence) => {
        expect(await stopped.queryText('SELECT 1 FROM pg_sleep(1.5)'), 'a slow one is waited for').toEqual([['1']]);
        const failing = failureOf(stopped.transaction(() => stopped.queryText('SELECT pg_sleep(60)')));
        silence();
        const { code, kind, message } = await failing;
        expect({ code, kind }).toEqual({ code: 'EVPIPE_POSTGRES_SILENT', kind: 'unreachable' });
        expect(message).toContain('has stopped answering');
        await stopped.close();
      }));

    it('gives up the goodbye', () =>
      behindProxy(async (stopped, silence) => {
        silence();
        await stopped.close();
      }));
  });

  it('names line and column of a failure in a script, counted in characters', async () => {
    const failure = await failureOf(client.execute(`SELECT 'ä𝄞';\nSELECT 1,\n  missing_column;`, { file: 'V1.sql' }));
    expect(failure.code).toBe('EVPIPE_POSTGRES_42703');
    expect(failure.location).toEqual({ file: 'V1.sql', line: 3, column: 3 });
    expect(failure.message).toContain('column "missing_column" does not exist');
  });

  it('names the failed statement where the server gives no position', async () => {
    const script = `-- one; two\nCREATE TABLE a (i int);\nDO $x$ BEGIN PERFORM 1; END $x$;\n\n  CREATE TABLE a (i int);`;
    const failure = await failureOf(client.execute(script, { file: 'V2.sql' }));
    expect(failure.code).toBe('EVPIPE_POSTGRES_42P07');
    expect(failure.location).toEqual({ file: 'V2.sql', line: 5, column: 3 });
    expect(await client.queryText(`SELECT to_regclass('a')`), 'a failed script leaves nothing').toEqual([[null]]);
  });

  it('rolls back where the work throws, and goes on', async () => {
    const failure = await failureOf(
      client.transaction(async () => {
        await client.query('CREATE TABLE b (i int)');
        throw new Error('changed my mind');
      }),
    );
    expect(failure.message).toBe('changed my mind');
    expect(await client.queryText(`SELECT to_regclass('b')`)).toEqual([[null]]);
  });

  it('lets one at a time through an advisory lock', async () => {
    const other = await connectPostgres({ url: server.url });
    const order: string[] = [];
    let enter: () => void = () => {};
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const first = client.withAdvisoryLock('evpipe', async () => {
      enter();
      await waitUntil('the second one to queue', async () => ((await waitingLocks()) === 1 ? true : undefined), {
        timeoutMs: 20_000,
      });
      order.push('first out');
    });
    await entered;
    const second = other.withAdvisoryLock('evpipe', async () => void order.push('second in'));
    await Promise.all([first, second]);
    expect(order).toEqual(['first out', 'second in']);
    await other.close();
  });

  it('says who does not answer, without the password', async () => {
    const url = server.url.replace(`:${server.port}`, ':1');
    const failure = await failureOf(connectPostgres({ url }));
    expect(failure).toMatchObject({ code: 'EVPIPE_POSTGRES_UNREACHABLE', kind: 'unreachable' });
    expect(failure.message).toContain('127.0.0.1:1/postgres');
    expect(failure.message).not.toContain(server.password);
    expect(placeOf('postgres://u:geheim@h/db%20x')).toBe('h:5432/db x');
  });

  it('does not wait for a server that refuses the password', async () => {
    const url = server.url.replace(server.password, 'wrong');
    const failure = await failureOf(waitForPostgres({ url, timeoutMs: 60_000 }));
    expect(failure).toMatchObject({ code: 'EVPIPE_POSTGRES_28P01', kind: 'failed' });
  });

  it('rejects a running statement when its signal is aborted', async () => {
    const controller = new AbortController();
    const aborted = await connectPostgres({ url: server.url, signal: controller.signal });
    const sleeping = failureOf(aborted.query('SELECT pg_sleep(60)'));
    controller.abort(new Error('interrupted'));
    expect((await sleeping).message).toBe('interrupted');
  });
});

async function waitingLocks(): Promise<number> {
  const rows = await client.query<{ n: bigint }>(
    `SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
  );
  return Number(rows[0]?.n);
}
