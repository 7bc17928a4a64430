import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { Peers } from '../../../../src/embedded/ksqldb/peers.js';
import { gatherRows } from '../../../../src/embedded/ksqldb/query/gather-rows.js';
import { planPull } from '../../../../src/embedded/ksqldb/query/pull-query.js';
import { parseStatement } from '../../../../src/protocol/ksql/parse.js';
import { closed, listen } from '../../../../src/support/listen.js';
import { silentLog } from '../../../../src/support/log.js';

const SQL = 'SELECT * FROM COUNTED;';

async function pullOf() {
  const offline = new OfflineEngine({ log: silentLog });
  await offline.execute(`
    CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE TABLE COUNTED AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;`);
  const { engine } = offline;
  const statement = parseStatement(SQL);
  if (statement.kind !== 'select') throw new Error('it is a SELECT');
  return planPull(engine, statement, engine.metastore.source('COUNTED'), () => undefined);
}

it.each([['{}'], ['[]'], ['{"tasks":[1],"of":2,"rows":[{"K":"a"}]}'], ['{"tasks":"1","of":2,"rows":[]}']])(
  'takes the part of an engine whose address answers %s for one that is away',
  async (body) => {
    const other = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    const address = `127.0.0.1:${await listen(other, { host: '127.0.0.1', port: 0 })}`;
    const member = { name: 'other', address, machine: 'here' };
    const peers = new Peers({ self: { ...member, name: 'self' }, others: [member] }, undefined);
    try {
      const pull = { ...(await pullOf()), local: async () => ({ tasks: [0], of: 2, rows: [] }) };
      await expect(gatherRows(pull, peers, { sql: SQL, properties: new Map() })).rejects.toThrow(
        `Partition 1 failed to find valid host. Hosts scanned: [Host ${address} was not alive: ${address} does not answer as an engine]`,
      );
    } finally {
      peers.close();
      other.closeAllConnections();
      await closed(other);
    }
  },
);
