import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryFolder } from '../real/stack/repository.js';
import type { Docker } from './docker.js';

export const run = promisify(execFile);
const BIG = { maxBuffer: 64 << 20 };

/** An image of one layer: a storage driver may copy every layer in full. */
export interface ImageSource {
  /** The repository part of its name; the tag is the one that evpipe pins. */
  readonly of: string;
  /** A script of images/. It refuses variables that the official image doesn't know. */
  readonly entrypoint?: string;
  /** Programs of this machine beside the shell's; the libraries of all programs in the image come along. */
  readonly programs?: readonly string[];
  /** Puts everything else below the root. */
  readonly fill: (root: string) => Promise<void>;
  readonly user?: string;
  readonly home?: string;
  readonly volume?: string;
}

const SHELL =
  'bash sh cat chmod chown cp cut date dirname basename env grep head hostname id ls mkdir readlink rm sed setpriv sleep touch tr uname'
    .split(' ')
    .map((name) => `/usr/bin/${name}`);

/** As in the official images, each of which has one of them. */
const USERS: Readonly<Record<string, number>> = { appuser: 1000, postgres: 999, redis: 999, rabbitmq: 999 };

const scripts = join(repositoryFolder, 'test/compose/images');

export async function makeImage(image: ImageSource, work: string, { docker }: Docker): Promise<void> {
  const root = await mkdtemp(join(work, 'root-'));
  await makeRoot(root);
  for (const program of [...SHELL, ...(image.programs ?? [])]) await copy(await realpath(program), join(root, program));
  await image.fill(root);
  await copyLibraries(root);
  const changes = ['ENV PATH=/usr/local/bin:/usr/bin:/usr/sbin'];
  if (image.entrypoint !== undefined) {
    await cp(join(scripts, image.entrypoint), join(root, 'entrypoint.sh'));
    await cp(join(scripts, 'known-variables.sh'), join(root, 'known-variables.sh'));
    await chmod(join(root, 'entrypoint.sh'), 0o755);
    changes.push('ENTRYPOINT ["/entrypoint.sh"]');
  }
  if (image.home !== undefined) changes.push(`ENV HOME=${image.home}`);
  if (image.user !== undefined) changes.push(`USER ${image.user}`);
  if (image.volume !== undefined) changes.push(`VOLUME ${image.volume}`);
  const archive = join(work, 'image.tar');
  await run('tar', ['--create', `--file=${archive}`, `--directory=${root}`, '.']);
  await docker('import', ...changes.flatMap((change) => ['--change', change]), archive, pinned(image.of));
  await rm(root, { recursive: true, force: true });
  await rm(archive);
}

/** The official name with the tag that a fragment or the code pins. */
function pinned(repository: string): string {
  const fragments = readdirSync(join(repositoryFolder, 'compose')).map((name) => join('compose', name));
  const pattern = new RegExp(`(?:-|')(${repository.replaceAll('.', '\\.')}:[\\w.-]+)[}']`);
  for (const source of [...fragments, 'src/kinds/connector/component.ts']) {
    const found = pattern.exec(readFileSync(join(repositoryFolder, source), 'utf8'))?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`no fragment uses an image ${repository}`);
}

async function makeRoot(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const folder of 'usr/bin usr/sbin usr/lib usr/lib64 etc tmp var/tmp run proc sys dev'.split(' '))
    await mkdir(join(root, folder), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
  for (const name of ['tmp', 'var/tmp', 'run']) await chmod(join(root, name), 0o1777);
  const users = Object.entries(USERS);
  const passwd = users.map(([name, id]) => `${name}:x:${id}:${id}::/tmp:/bin/bash\n`).join('');
  const group = users.map(([name, id]) => `${name}:x:${id}:\n`).join('');
  await writeFile(join(root, 'etc/passwd'), `root:x:0:0:root:/root:/bin/bash\n${passwd}`);
  await writeFile(join(root, 'etc/group'), `root:x:0:\n${group}`);
  await writeFile(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
}

/** All libraries that the programs and libraries below the root load, from where they lie on this machine. */
async function copyLibraries(root: string): Promise<void> {
  const programs = (
    await run(
      'find',
      [root, '-type', 'f', '(', '-perm', '/111', '-o', '-name', '*.so*', '-o', '-name', '*.node', ')'],
      BIG,
    )
  ).stdout
    .split('\n')
    .filter((file) => file !== '' && isElf(file));
  // It ends with an error where one of them is linked statically, and has printed the rest.
  const { stdout } = await run('ldd', programs, BIG).catch((failure: { readonly stdout: string }) => failure);
  const libraries = [...stdout.matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)].map((match) => match[1] ?? '');
  for (const library of new Set(libraries)) {
    const inside = join(root, library);
    if (!library.startsWith(root) && !existsSync(inside)) await copy(await realpath(library), inside);
  }
}

function isElf(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(4);
    readSync(file, start);
    return start.toString('latin1') === '\x7fELF';
  } finally {
    closeSync(file);
  }
}

export async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await run('cp', ['--archive', '--no-target-directory', from, to]);
}

export async function owned(folder: string, user: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run('chown', [`${user}:${user}`, folder]);
}

/** The programs of a folder in the image, so that they are found by their names. */
export async function linkPrograms(root: string, folder: string): Promise<void> {
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  for (const name of readdirSync(folder)) await symlink(join(folder, name), join(root, 'usr/local/bin', name));
}
