import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packagedPostgres, providePostgres } from '../../../../src/embedded/postgres/binaries.js';
import { unprivilegedAccount } from '../../../../src/support/account.js';

const asRoot = process.getuid?.() === 0;
let folder: string;

/** The package as npm unpacks it where install scripts may not run: without its symlinks. */
function packageWithoutSymlinks(): string {
  const { folder: original } = packagedPostgres();
  const native = join(folder, 'package', 'native');
  linkFolder(original, native);
  return native;
}

function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    const stat = lstatSync(source);
    if (stat.isDirectory()) linkFolder(source, join(to, name));
    else if (stat.isFile()) {
      try {
        linkSync(source, join(to, name));
      } catch {
        cpSync(source, join(to, name));
      }
    }
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-binaries-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('PostgreSQL from the npm package', () => {
  it('works where the install script did not run', () => {
    const native = packageWithoutSymlinks();
    expect(existsSync(join(native, 'lib', 'libpq.so.5'))).toBe(false);
    const { postgres } = providePostgres(undefined, join(folder, 'clone'), { folder: native, version: '18' });
    expect(postgres).toBe(join(native, 'bin', 'postgres'));
    expect(execFileSync(postgres, ['--version'], { encoding: 'utf8' })).toContain('PostgreSQL');
    expect(existsSync(join(folder, 'clone'))).toBe(false);
  });

  it.runIf(asRoot)('is cloned, once, to where an account can reach it that cannot enter the package', () => {
    const account = unprivilegedAccount();
    const native = packageWithoutSymlinks();
    const place = join(tmpdir(), `${folder.slice(folder.lastIndexOf('/') + 1)}-place`);
    mkdirSync(place);
    chmodSync(place, 0o755);
    const umask = process.umask(0o077);
    try {
      const { postgres } = providePostgres(account, place, { folder: native, version: '18' });
      expect(postgres).toBe(join(place, 'postgresql-18', 'bin', 'postgres'));
      const identity = { uid: account?.uid ?? 0, gid: account?.gid ?? 0 };
      expect(execFileSync(postgres, ['--version'], { encoding: 'utf8', cwd: '/', ...identity })).toContain(
        'PostgreSQL',
      );
      const made = statSync(postgres).ctimeMs;
      expect(providePostgres(account, place, { folder: native, version: '18' }).postgres).toBe(postgres);
      expect(statSync(postgres).ctimeMs).toBe(made);
    } finally {
      process.umask(umask);
      rmSync(place, { recursive: true, force: true });
    }
  });

  it.runIf(asRoot)('takes the first unprivileged account that exists, and says so where none does', () => {
    const passwd = (text: string) => () => text;
    expect(
      unprivilegedAccount(passwd('root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/x\nnobody:x:65534:65534::/:/x')),
    ).toEqual({
      name: 'nobody',
      uid: 65534,
      gid: 65534,
    });
    expect(() => unprivilegedAccount(passwd('root:x:0:0::/:/bin/sh'))).toThrow(
      /none of the accounts postgres, nobody, daemon/,
    );
    expect(unprivilegedAccount(() => readFileSync('/etc/passwd', 'utf8'))?.uid).toBeGreaterThan(0);
  });
});
