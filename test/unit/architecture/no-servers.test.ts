import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { takeAttempts } from '../../support/no-servers.js';
import { readSource } from './source-imports.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const here = relative(root, fileURLToPath(import.meta.url));

/** What starts or reaches servers and processes, as a package or as a path from the repository's root. */
const STARTS_SERVERS = [
  /^(node:)?(net|http|https|http2|tls|dgram|child_process|cluster)$/,
  /^src\/embedded\/[^/]+\/(server|index|process)\.js$/,
  /^test\/servers\//,
];

/** Why a file may not be part of a unit test: the chain of imports from it, within test/, to what starts servers. */
function chainToServers(file: string, text: string, seen = new Set<string>()): string | undefined {
  seen.add(file);
  for (const { to, relative: isOurs, typeOnly } of readSource(file, text).imports) {
    if (to === undefined || typeOnly) continue;
    if (STARTS_SERVERS.some((pattern) => pattern.test(to))) return `${file} → ${to}`;
    const imported = to.replace(/\.js$/, '.ts');
    if (!isOurs || !imported.startsWith('test/') || seen.has(imported)) continue;
    const rest = chainToServers(imported, readFileSync(join(root, imported), 'utf8'), seen);
    if (rest !== undefined) return `${file} → ${rest}`;
  }
  return undefined;
}

describe('unit tests', () => {
  it('import nothing that starts servers or processes', () => {
    const files = readdirSync(join(root, 'test/unit'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => file !== here);
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap((file) => chainToServers(file, readFileSync(join(root, file), 'utf8')) ?? [])).toEqual([]);
  });

  it.each([
    "import { createServer } from 'node:net';",
    "const { spawn } = await import('node:child_process');",
    "import { startKafka } from '../../../src/embedded/kafka/index.js';",
    "import { TestBroker } from '../../servers/embedded/kafka/running-broker.js';",
    "import { startTestKafka } from '../../support/kafka.js';",
  ])('are refused with %s', (text) => {
    expect(chainToServers('test/unit/cli/a.test.ts', text)).toMatch(/^test\/unit\/cli\/a\.test\.ts → /);
  });

  it.each([
    "import type { Socket } from 'node:net';",
    "import { runIn } from '../../support/command-line.js';",
    "import { Groups } from '../../../src/embedded/kafka/groups/groups.js';",
  ])('may have %s', (text) => {
    expect(chainToServers('test/unit/cli/a.test.ts', text)).toBeUndefined();
  });

  it.each([
    ['listen', () => createServer().listen(0)],
    ['listen', () => createHttpServer().listen(0)],
    ['connect', () => connect(1, '127.0.0.1')],
    ['connect', () => get('http://127.0.0.1:1')],
    ['spawn', () => spawn('true')],
  ])('cannot %s: %s', (name, attempt) => {
    expect(attempt).toThrow(`${name}: unit tests start no server or process`);
    expect(takeAttempts()).toEqual([name]);
  });
});
