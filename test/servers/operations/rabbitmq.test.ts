import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type RunningAmqp, startAmqp } from '../../../src/embedded/amqp/server.js';
import { proveDown } from '../../matrix/amqp-down.js';
import { proveConservation } from '../../matrix/conservation.js';

/** The embedded server stands for one that somebody else runs. */
const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-amqp-'));
let running: RunningAmqp;

beforeAll(async () => {
  running = await startAmqp({ dataDir });
});

afterAll(async () => {
  await running.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const place = () => ({
  url: `amqp://127.0.0.1:${running.port}`,
  managementUrl: `http://127.0.0.1:${running.managementPort}`,
});

proveDown(place);
proveConservation(place);
