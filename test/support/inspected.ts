import { readlinkSync } from 'node:fs';
import { get, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import { waitUntil } from '../../src/support/retry.js';

/** Where Node.js opens its inspector when it gets SIGUSR1: one process at a time. */
const INSPECTOR = 'http://127.0.0.1:9229';
const WITHIN_MS = 8_000;
/** The other end has gone by then; closing waits for it, and holds up the process meanwhile. */
const CLOSED_AFTER_MS = 100;

export function isNode(pid: number): boolean {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)) === 'node';
  } catch {
    return false; // it is gone
  }
}

let last: Promise<unknown> = Promise.resolve();

/** Evaluates an expression in a process that knows nothing of it. Throws where it throws there, or where the process ends meanwhile. */
export function evaluateIn(pid: number, expression: string): Promise<void> {
  const done = last.then(() => evaluate(pid, expression));
  last = done.catch(() => {});
  return done;
}

async function evaluate(pid: number, expression: string): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const url = await waitUntil(`the inspector of process ${pid}`, async () => (isNode(pid) ? inspectorUrl() : 'gone'), {
    timeoutMs: WITHIN_MS,
  });
  if (url === 'gone') throw new Error(`process ${pid} has ended`);
  const closing = `setTimeout(() => process.getBuiltinModule('node:inspector').close(), ${CLOSED_AFTER_MS}); 0`;
  const params = { expression: `${expression};\n${closing}` };
  const answer = await asked(url, JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  if (answer.includes('exceptionDetails')) throw new Error(answer);
  await waitUntil(
    `the inspector of process ${pid} to close`,
    async () => ((await inspectorUrl().catch(() => undefined)) === undefined ? true : undefined),
    { timeoutMs: WITHIN_MS },
  );
}

async function inspectorUrl(): Promise<string | undefined> {
  const text = await new Promise<string>((resolve, reject) => {
    const asking = get(`${INSPECTOR}/json/list`, { agent: false, timeout: 2_000 }, async (answer: IncomingMessage) => {
      let body = '';
      for await (const chunk of answer.setEncoding('utf8')) body += String(chunk);
      resolve(body);
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer')));
    asking.on('error', reject);
  });
  const [target] = JSON.parse(text) as ReadonlyArray<{ readonly webSocketDebuggerUrl?: string }>;
  return target?.webSocketDebuggerUrl;
}

/** One message there and one back over a WebSocket (RFC 6455), which this Node.js has no client of. */
function asked(url: string, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const upgrading = request(url.replace(/^ws:/, 'http:'), {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      },
    });
    const timer = setTimeout(() => upgrading.destroy(new Error('the inspector does not answer')), WITHIN_MS);
    upgrading.on('error', reject);
    upgrading.on('upgrade', (_, socket: Socket, head: Buffer) => {
      let received = head;
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        socket.destroy();
        settle();
      };
      socket.on('error', (failure) => end(() => reject(failure)));
      socket.on('close', () => end(() => reject(new Error('the process ended meanwhile'))));
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        const text = payloadOf(received);
        if (text !== undefined) end(() => resolve(text));
      });
      socket.write(frameOf(message));
    });
    upgrading.end();
  });
}

/** A whole text, masked with zeros. */
function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head.set([0x81, 0xfe]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function payloadOf(frame: Buffer): string | undefined {
  if (frame.length < 4) return undefined;
  const short = (frame[1] ?? 0) & 0x7f;
  const [start, length] = short === 126 ? [4, frame.readUInt16BE(2)] : [2, short];
  return frame.length < start + length ? undefined : frame.subarray(start, start + length).toString();
}
