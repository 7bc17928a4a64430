import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { ReplicationConnection } from '../../../src/embedded/connect/postgresql/replication.js';
import type { Settings } from '../../../src/embedded/connect/postgresql/settings.js';
import { decodePgoutput } from '../../../src/protocol/pgoutput/decode.js';
import { pause } from '../../../src/support/retry.js';
import { defectIn } from './defect.js';
import { Dice } from './dice.js';
import { spoilBytes } from './spoil.js';

/** What a PostgreSQL server says, part by part: one of them is spoiled, and those before it are whole. */
const PARTS = ['greeting', 'rows', 'stream', 'changes'] as const;
type Part = (typeof PARTS)[number];

const SETTLED_MS_MAX = 10_000;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => hex((value & 0xffff).toString(16).padStart(4, '0'));
const int32 = (value: number): Buffer => hex((value >>> 0).toString(16).padStart(8, '0'));
const message = (kind: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(kind), int32(body.length + 4), body]);
};

const READY = message('Z', Buffer.from('I'));
const GREETING = Buffer.concat([
  message('R', int32(0)),
  message('S', text('server_version'), text('18.0')),
  message('K', int32(7), int32(8)),
  message('N', Buffer.from('S'), text('NOTICE'), Buffer.from('M'), text('hello'), Buffer.alloc(1)),
  READY,
]);
const ROWS = Buffer.concat([
  message('T', int16(1), text('server_version_num'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)),
  message('D', int16(1), int32(6), Buffer.from('180000')),
  message('C', text('SHOW')),
  READY,
]);
const CHANGES = [
  '42 0000000001B86A48 0000000000000001 0000033E',
  '52 00004001 7075626C696300 7400 64 0002 01 696400 00000017 FFFFFFFF 00 7600 00000413 00000018',
  '49 00004001 4E 0002 74 00000001 35 6E',
  '55 00004001 4B 0001 74 00000001 35 4E 0001 74 00000002 C3BC',
  '4D 00 0000000001B86A48 6100 00000001 62',
].map(hex);

const walData = (change: Buffer): Buffer =>
  message('d', Buffer.from('w'), hex('0000000001B86A480000000001B86A480000000000000001'), change);
const KEEPALIVE = message('d', Buffer.from('k'), hex('0000000001B86A48000000000000000101'));
const ERROR = message('E', Buffer.from('SERROR\0C57P01\0Mgone\0'), Buffer.alloc(1));

/** A server that says all that, with the part spoiled, and then ends the connection. */
async function startFake(part: Part, dice: Dice) {
  const spoiled = (of: Part, bytes: Buffer): Buffer => (of === part ? spoilBytes(bytes, dice) : bytes);
  const sockets = new Set<Socket>();
  const answer = (sql: string): Buffer => {
    if (!sql.startsWith('START_REPLICATION')) return spoiled('rows', ROWS);
    const changes = CHANGES.map((change) => walData(spoiled('changes', change)));
    const stream = Buffer.concat([message('W', Buffer.from([0]), int16(0)), KEEPALIVE, ...changes, ERROR]);
    return spoiled('stream', stream);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let isGreeted = false;
    socket.on('data', (bytes) => {
      if (!isGreeted) {
        isGreeted = true;
        socket.write(spoiled('greeting', GREETING));
        if (part === 'greeting') socket.end();
        return;
      }
      if (bytes[0] !== 0x51) return; // only simple queries are answered
      const sql = bytes.toString('utf8', 5, bytes.length - 1);
      socket.write(answer(sql));
      if (part === 'rows' || sql.startsWith('START_REPLICATION')) socket.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop(): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** As the connector streams; the failure that ends it. */
async function stream(port: number): Promise<unknown> {
  const place = { host: '127.0.0.1', port, user: 'u', database: 'd', tls: { sslmode: 'disable' } };
  const settings = { ...place, slot: 's', publication: 'p', slotParameters: [] } as unknown as Settings;
  const connection = await ReplicationConnection.open(settings, Date.now);
  try {
    return await new Promise((resolve, reject) => {
      const listener = {
        data: (_: bigint, change: Buffer) => void decodePgoutput(change),
        keepalive: () => {},
        ended: resolve,
      };
      connection.stream(0n, settings, listener).catch(reject);
    });
  } finally {
    await connection.close();
  }
}

async function query(port: number): Promise<unknown> {
  const client = await connectPostgres({ url: `postgres://u@127.0.0.1:${port}/d?sslmode=disable` });
  try {
    return await client.queryText('SHOW server_version_num');
  } finally {
    await client.close();
  }
}

/** Talks to spoiled servers; what went wrong besides their being refused, with the seed of the one that did it. */
export async function fuzzPostgres(rounds: number, seed: number): Promise<string[]> {
  const findings: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const dice = new Dice(seed + round);
    const part = PARTS[round % PARTS.length] ?? 'stream';
    const fake = await startFake(part, dice);
    const talk = part === 'rows' && dice.chance(0.5) ? query : stream;
    const late = new AbortController();
    const outcome = await Promise.race([
      talk(fake.port).catch((failure: unknown) => failure),
      pause(SETTLED_MS_MAX, late.signal).then(
        () => 'late',
        () => {},
      ),
    ]);
    late.abort();
    fake.stop();
    const problem =
      outcome === 'late'
        ? `no end within ${SETTLED_MS_MAX} ms`
        : outcome instanceof Error
          ? defectIn(outcome.message)
          : undefined;
    if (problem !== undefined) findings.push(`seed ${seed + round}, ${talk.name} with a spoiled ${part}: ${problem}`);
  }
  return findings;
}
