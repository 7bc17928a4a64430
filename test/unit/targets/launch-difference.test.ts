import { expect, it } from 'vitest';
import { hashOf } from '../../../src/supervisor/children/managed-process.js';
import type { LaunchSpec } from '../../../src/supervisor/socket/launch.js';
import { launchDifferences } from '../../../src/targets/launch-difference.js';

const COMMAND = { kind: 'command', command: ['node', 'a.js'], cwd: '/shop', files: { '/shop/a.conf': 'x' } } as const;
const SERVER = { kind: 'server', module: 'kafka', options: { dataDir: '/data' } } as const;
const SERVICE: LaunchSpec = {
  process: 'orders',
  program: COMMAND,
  env: { TOPIC: 'orders' },
  port: { preferred: 8000 },
  ready: { kind: 'tcp' },
  readyTimeoutMs: 1_000,
  stopTimeoutMs: 1_000,
  layer: 5,
};

it.each<[string, LaunchSpec, readonly unknown[]]>([
  ['nothing', { ...SERVICE }, []],
  ['how long it is waited for, which changes nothing in what runs', { ...SERVICE, readyTimeoutMs: 2_000 }, []],
  [
    'variables',
    { ...SERVICE, env: { TOPIC: 'sales', GROUP: 'a' } },
    [
      { part: 'env', name: 'TOPIC', before: 'orders', after: 'sales' },
      { part: 'env', name: 'GROUP', after: 'a' },
    ],
  ],
  [
    'command, folder and files',
    { ...SERVICE, program: { ...COMMAND, command: ['node', 'b.js'], cwd: '/', files: {} } },
    [
      { part: 'command', before: ['node', 'a.js'], after: ['node', 'b.js'] },
      { part: 'folder', before: '/shop', after: '/' },
      { part: 'file', name: 'a.conf', before: 'x' },
    ],
  ],
  ['port', { ...SERVICE, port: { preferred: 8001 } }, [{ part: 'port', before: 8000, after: 8001 }]],
  ['readiness', { ...SERVICE, ready: { kind: 'spawned' } }, [expect.objectContaining({ part: 'readiness' })]],
  ['program', { ...SERVICE, program: SERVER }, [expect.objectContaining({ part: 'program' })]],
])('says that another start would change %s', (_, after, found) => {
  expect(launchDifferences(SERVICE, after)).toEqual(found);
  expect(launchDifferences(SERVICE, after).length > 0).toBe(hashOf(SERVICE) !== hashOf(after));
});

it('names the option of a server that differs', () => {
  const before = { ...SERVICE, program: SERVER };
  const after = { ...SERVICE, program: { ...SERVER, options: { dataDir: '/data', brokerId: 2 } } };
  expect(launchDifferences(before, after)).toEqual([{ part: 'option', name: 'brokerId', after: 2 }]);
});
