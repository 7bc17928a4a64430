import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryFolder } from '../real/stack/repository.js';

const run = promisify(execFile);

/** The first release of Debian with Compose v2; its program is linked statically enough to run on the one before. */
const RELEASE = 'trixie';
const PACKAGE = 'docker-compose';
const PLUGIN = 'usr/libexec/docker/cli-plugins/docker-compose';

/** Compose as a plugin of the docker command, from Debian's package: unpacked, not installed. Fetched once. */
export async function composePlugin(): Promise<string> {
  const folder = join(repositoryFolder, '.real-stack', `compose-${RELEASE}`);
  const plugin = join(folder, PLUGIN);
  if (existsSync(plugin)) return plugin;
  await mkdir(join(repositoryFolder, '.real-stack'), { recursive: true });
  const unfinished = await mkdtemp(join(repositoryFolder, '.real-stack', 'unfinished-'));
  try {
    const { path, sha256 } = await findPackage();
    const bytes = await fetchBytes(path);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw new Error(`${path} has checksum ${found}, its index says ${sha256}`);
    await writeFile(join(unfinished, 'package.deb'), bytes);
    await run('dpkg-deb', ['--extract', join(unfinished, 'package.deb'), unfinished]);
    await rename(unfinished, folder);
  } catch (failure) {
    if (!existsSync(plugin)) throw failure;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return plugin;
}

async function findPackage(): Promise<{ readonly path: string; readonly sha256: string }> {
  const architecture = (await run('dpkg', ['--print-architecture'])).stdout.trim();
  const folder = await mkdtemp(join(repositoryFolder, '.real-stack', 'unfinished-'));
  try {
    const file = join(folder, 'Packages.xz');
    await writeFile(file, await fetchBytes(`dists/${RELEASE}/main/binary-${architecture}/Packages.xz`));
    const { stdout } = await run('xz', ['--decompress', '--stdout', file], { maxBuffer: 256 << 20 });
    const entry = stdout.split('\n\n').find((one) => one.startsWith(`Package: ${PACKAGE}\n`)) ?? '';
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(entry)?.[1] ?? '';
    return { path: field('Filename'), sha256: field('SHA256') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchBytes(path: string): Promise<Buffer> {
  const answer = await fetch(`${debianMirror()}/${path}`);
  if (!answer.ok) throw new Error(`${path}: status ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** Where apt of this machine takes Debian from, in either format of its sources. */
function debianMirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ];
  const texts = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  const addresses = texts.flatMap((text) => [
    ...[...text.matchAll(/^URIs:\s*(\S+)/gm)].map((match) => match[1]),
    ...[...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/gm)].map((match) => match[1]),
  ]);
  const mirror = addresses.find((address) => address !== undefined && /\/debian\/?$/.test(address));
  if (mirror === undefined) throw new Error('apt has no source of Debian’s main archive');
  return mirror.replace(/\/$/, '');
}
