import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const MB = 1024 * 1024;
const DISK_BYTES = 512 * MB;
const LOOPBACK_BYTES = 2048 * MB;
/** What the Java producer sends as one batch by default. */
const BATCH_BYTES = 16 * 1024;

/** MB/s that a log could be appended with if nothing else were to be done. */
export function diskFloor(): number {
  const folder = mkdtempSync(join(tmpdir(), 'evpipe-floor-'));
  const fd = openSync(join(folder, 'log'), 'a');
  try {
    const batch = Buffer.alloc(BATCH_BYTES, 'x');
    const startedMs = performance.now();
    for (let bytes = 0; bytes < DISK_BYTES; bytes += batch.length) writeSync(fd, batch);
    return DISK_BYTES / MB / ((performance.now() - startedMs) / 1000);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}

/** Sends as fast as the reader takes it. */
const SENDER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) => {
    const piece = Buffer.alloc(128 * 1024);
    let left = workerData;
    const next = () => {
      while (left > 0) {
        left -= piece.length;
        if (!socket.write(piece)) return socket.once('drain', next);
      }
      socket.end();
      server.close();
    };
    next();
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** MB/s that one connection over the loopback interface brings into a reader that only counts them. */
export async function loopbackFloor(): Promise<number> {
  const worker = new Worker(SENDER, { eval: true, workerData: LOOPBACK_BYTES });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const startedMs = performance.now();
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    const callback = (bytes: number) => {
      received += bytes;
      return true;
    };
    connect({ port, host: '127.0.0.1', onread: { buffer: Buffer.alloc(256 * 1024), callback } })
      .once('close', () => resolve())
      .once('error', reject);
  });
  await worker.terminate();
  return received / MB / ((performance.now() - startedMs) / 1000);
}
