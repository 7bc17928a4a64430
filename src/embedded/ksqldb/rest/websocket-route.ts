import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { type Request, refuseUpgrade } from '../../../http/front.js';
import type { Target } from '../../../http/target.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { messageOf } from '../../../support/errors.js';
import type { Engine } from '../engine.js';
import type { OpenedQuery } from '../query/open-query.js';
import { fieldInfos } from '../statements/schema-info.js';
import { WEBSOCKET_ENDPOINT } from './endpoints.js';
import { refuseIfTerminated } from './errors.js';
import { closedSignal, openRequest, readQuery, rowsOf, writers } from './query-route.js';
import { jsonObject } from './request.js';

/** Close codes of RFC 6455. */
const NORMAL = 1000;
const UNACCEPTABLE = 1003;
const SERVER_ERROR = 1011;
/** RFC 6455: the payload of a control frame has 125 bytes, the code is two of them. */
const REASON_BYTES_MAX = 123;

/**
 * GET /ws/query?request={"ksql": …, "streamsProperties": …}, as Control Center sends it. A SELECT gives a message with the
 * columns, then one a row; a PRINT one a record. The socket closes with 1000 at the end; with 1003 and the reason where the
 * request is refused, which can only be said once it is open.
 *
 * Not implemented: messages of the client are ignored; tombstones have no mark of their own, as in ksqlDB (confluentinc/ksql#6439).
 */
export async function upgradeToQuery(
  request: Request,
  socket: Duplex,
  head: Buffer,
  { segments, query }: Target,
  engine: Engine,
): Promise<void> {
  if (`/${segments.join('/')}` !== WEBSOCKET_ENDPOINT.path) return refuseUpgrade(socket, 404);
  handshakes ??= loadHandshakes();
  (await handshakes).handleUpgrade(request, socket, head, (client) => {
    client.on('error', () => client.terminate());
    void answer(client, query.get('request'), engine);
  });
}

/** It keeps no state of its connections, so one does for all engines of the process. */
let handshakes: Promise<WebSocketServer> | undefined;

/** When the first client asks for it: few do, and it costs start-up time. */
async function loadHandshakes(): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws');
  return new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: REASON_BYTES_MAX });
}

async function answer(client: WebSocket, request: string | null, engine: Engine): Promise<void> {
  try {
    refuseIfTerminated(engine);
    if (request === null) throw new StatementError('missing request parameter');
    if (request === '') throw new StatementError('request parameter is empty');
    const body = jsonObject(Buffer.from(request));
    const opened = await openRequest(engine, readQuery(body, 'ksql'));
    try {
      if (typeof opened === 'function') for await (const line of opened(closedSignal(client))) await send(client, line);
      else await sendRows(client, opened);
      client.close(NORMAL, 'done');
    } catch (failure) {
      client.close(SERVER_ERROR, reasonOf(failure));
    }
  } catch (failure) {
    client.close(UNACCEPTABLE, reasonOf(failure));
  }
}

async function sendRows(client: WebSocket, opened: OpenedQuery): Promise<void> {
  const { columns } = opened;
  const isKey = (wanted: boolean) => columns.filter(({ key }) => key === wanted);
  await send(client, JSON.stringify(fieldInfos({ key: isKey(true), value: isKey(false), headers: [] })));
  const print = writers(columns);
  for await (const { values } of rowsOf(opened, client))
    await send(client, `{"row":{"columns":[${values.map((value, at) => print[at]?.(value)).join(',')}]}}`);
}

/** Resolves once the message is on its way, so that a slow client slows its query; at once where it is gone. */
const send = (client: WebSocket, text: string): Promise<void> =>
  new Promise((resolve) => client.send(text, () => resolve()));

function reasonOf(failure: unknown): string {
  const bytes = Buffer.from(messageOf(failure));
  if (bytes.length <= REASON_BYTES_MAX) return bytes.toString();
  return `${bytes
    .subarray(0, REASON_BYTES_MAX - 6)
    .toString()
    .replace(/\uFFFD+$/, '')}...`;
}
