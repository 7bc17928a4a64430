import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { columnNames, type KsqlQueryPart, streamQuery } from '../../../../src/clients/ksqldb/query.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A server that answers /query as it is told: real ksqlDB's line breaks, in chunks of any size. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function read(url: string, signal = new AbortController().signal): Promise<KsqlQueryPart[]> {
  const parts: KsqlQueryPart[] = [];
  for await (const part of streamQuery({ url }, 'SELECT …;', { signal })) parts.push(part);
  return parts;
}

const HEADER = '{"header":{"queryId":"q","schema":"`ID` STRING KEY, `A,B` STRUCT<`X` INTEGER, `Y` ARRAY<INTEGER>>"}}';

describe('a query of ksqlDB', () => {
  it('is read row by row, wherever lines and chunks break, keep-alives left out', async () => {
    const body = `[${HEADER},\n{"row":{"columns":["ä",9007199254740993]}},\n\n{"row":{"columns":["b",null],"tombstone":true}},\n{"finalMessage":"Limit Reached"}]\n`;
    const url = await serve((_, response) => {
      const bytes = Buffer.from(body);
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });
    expect(await read(url)).toEqual([
      { kind: 'header', columns: ['ID', 'A,B'] },
      { kind: 'row', values: ['ä', 9007199254740993n], tombstone: false },
      { kind: 'row', values: ['b', null], tombstone: true },
      { kind: 'end', message: 'Limit Reached' },
    ]);
  });

  it('gives the lines of a PRINT as they are', async () => {
    const url = await serve((_, response) => response.end('Key format: KAFKA_STRING\nrowtime: 1, key: a, value: b\n'));
    expect(await read(url)).toEqual([
      { kind: 'line', text: 'Key format: KAFKA_STRING' },
      { kind: 'line', text: 'rowtime: 1, key: a, value: b' },
    ]);
  });

  it('throws in the words of the server, before the first row and after it', async () => {
    const error = '{"@type":"statement_error","error_code":40001,"message":"NOPE does not exist."}';
    const refused = await serve((_, response) => response.writeHead(400).end(error));
    await expect(read(refused)).rejects.toMatchObject({ code: 'EVPIPE_KSQLDB_40001', message: 'NOPE does not exist.' });
    const broken = await serve((_, response) => response.end(`[${HEADER},\n{"errorMessage":${error}}]\n`));
    await expect(read(broken)).rejects.toMatchObject({ message: 'NOPE does not exist.' });
  });

  it('ends a push query when its reader aborts, on the server too', async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await serve((_, response) => {
      response.on('close', closed);
      response.write(`[${HEADER},\n`);
    });
    const abort = new AbortController();
    const reading = (async () => {
      for await (const part of streamQuery({ url }, 'SELECT …;', { signal: abort.signal })) {
        if (part.kind === 'header') abort.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    await gone;
  });

  it('finds the columns of a schema with quotes and nested types in it', () => {
    expect(columnNames('`a``b` INTEGER, `M` MAP<STRING, STRUCT<`N` INTEGER>>, `C` STRING')).toEqual(['a`b', 'M', 'C']);
  });
});
