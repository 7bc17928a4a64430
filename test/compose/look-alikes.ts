import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { downloadRealStack } from '../real/stack/download.js';
import { repositoryFolder } from '../real/stack/repository.js';
import type { Docker } from './docker.js';
import { copy, type ImageSource, linkPrograms, makeImage, owned, run } from './image.js';

/** Some tens of seconds for all of them. */
export async function buildLookAlikes(docker: Docker): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'evpipe-images-'));
  try {
    for (const image of await lookAlikes()) await makeImage(image, work, docker);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Images that behave as the official ones of these names do, as far as the fragments in compose/ use them, made of the
 * same software from Debian and Maven Central. Each entrypoint cites the documentation of the official image.
 */
async function lookAlikes(): Promise<readonly ImageSource[]> {
  const stack = await downloadRealStack();
  return [
    ...javaImages(stack),
    {
      of: 'confluentinc/cp-kafka-connect-base', // never run: only files are taken from it
      fill: (root) => copy(join(stack, 'plugins/avro-converter'), join(root, 'usr/share/java/kafka-serde-tools')),
    },
    {
      of: 'confluentinc/ksqldb-server',
      entrypoint: 'ksqldb.sh',
      programs: ['/usr/bin/curl', process.execPath],
      fill: addKsqldbEngine,
      user: '1000',
    },
    { of: 'postgres', entrypoint: 'postgres.sh', fill: addPostgres },
    {
      of: 'rabbitmq',
      entrypoint: 'rabbitmq.sh',
      fill: addRabbitmq,
      home: '/var/lib/rabbitmq',
      volume: '/var/lib/rabbitmq',
    },
    {
      of: 'redis',
      entrypoint: 'redis.sh',
      programs: ['/usr/bin/redis-server', '/usr/bin/redis-cli'],
      fill: (root) => owned(join(root, 'data'), 999),
      volume: '/data',
    },
    {
      of: 'nginx',
      entrypoint: 'nginx.sh',
      programs: ['/usr/sbin/nginx'],
      fill: async (root) => void (await mkdir(join(root, 'etc/nginx/conf.d'), { recursive: true })),
    },
  ];
}

function javaImages(stack: string): readonly ImageSource[] {
  return [
    {
      of: 'apache/kafka',
      entrypoint: 'kafka.sh',
      fill: async (root) => {
        await addJava(root);
        await copy(join(stack, 'kafka'), join(root, 'opt/kafka/libs'));
        await owned(join(root, 'var/lib/kafka/data'), 1000);
      },
      user: '1000',
      volume: '/var/lib/kafka/data',
    },
    {
      of: 'confluentinc/cp-schema-registry',
      entrypoint: 'registry.sh',
      programs: ['/usr/bin/curl', '/usr/sbin/nginx'],
      fill: async (root) => {
        await addJava(root);
        await copy(join(stack, 'registry'), join(root, 'opt/registry'));
      },
      user: '1000',
    },
    {
      of: 'quay.io/debezium/connect',
      entrypoint: 'connect.sh',
      programs: ['/usr/bin/curl'],
      fill: async (root) => {
        await addJava(root);
        await copy(join(stack, 'kafka'), join(root, 'kafka/libs'));
        for (const name of ['debezium-connector-postgres', 'debezium-connector-jdbc'])
          await copy(join(stack, 'plugins', name), join(root, 'kafka/connect', name));
      },
      user: '1000',
    },
  ];
}

/** This machine's Java without what only compilers and people need. */
async function addJava(root: string): Promise<void> {
  const home = dirname(dirname(await realpath('/usr/bin/java')));
  const folder = join(root, 'opt/java');
  await mkdir(folder, { recursive: true });
  const without = ['jmods', 'include', 'man', 'demo', 'legal', 'src.zip', 'lib/src.zip'].map(
    (name) => `--exclude=./${name}`,
  );
  const archive = join(root, 'java.tar');
  await run('tar', ['--create', '--dereference', ...without, `--file=${archive}`, `--directory=${home}`, '.']);
  await run('tar', ['--extract', `--file=${archive}`, `--directory=${folder}`]);
  await rm(archive);
  await symlink('/opt/java/bin/java', join(root, 'usr/bin/java'));
}

/** The newest PostgreSQL that Debian has installed here. */
async function addPostgres(root: string): Promise<void> {
  const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
  const folder = join('/usr/lib/postgresql', versions[0] ?? '');
  for (const part of [folder, `/usr/share/postgresql/${basename(folder)}`, '/usr/share/zoneinfo'])
    await copy(part, join(root, part));
  await rm(join(root, folder, 'lib/bitcode'), { recursive: true, force: true });
  await linkPrograms(root, join(folder, 'bin'));
}

async function addRabbitmq(root: string): Promise<void> {
  for (const folder of ['/usr/lib/erlang', '/usr/lib/rabbitmq']) await copy(folder, join(root, folder));
  const [server = ''] = readdirSync('/usr/lib/rabbitmq/lib');
  await linkPrograms(root, '/usr/lib/erlang/bin');
  await linkPrograms(root, join('/usr/lib/rabbitmq/lib', server, 'sbin'));
  await owned(join(root, 'var/lib/rabbitmq'), 999);
  await owned(join(root, 'var/log/rabbitmq'), 999);
  await mkdir(join(root, 'etc/rabbitmq/conf.d'), { recursive: true });
  await writeFile(join(root, 'etc/rabbitmq/enabled_plugins'), '[rabbitmq_management].\n');
}

/** No ksqlDB is to be had without pulling its image: evpipe's own engine runs in its place, in one file. */
async function addKsqldbEngine(root: string): Promise<void> {
  const native = ['@node-rs/crc32', '@bokuweb/zstd-wasm', 'lz4-napi', 'snappy'];
  const binaries = ['@node-rs/crc32-', '@antoniomuso/lz4-napi-', '@napi-rs/snappy-'];
  await build({
    entryPoints: [join(repositoryFolder, 'src/embedded/ksqldb/process.ts')],
    outfile: join(root, 'opt/ksqldb/server.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: native,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  });
  await copy(join(repositoryFolder, 'package.json'), join(root, 'opt/ksqldb/package.json'));
  const modules = join(repositoryFolder, 'node_modules');
  const packages = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  const wanted = packages.filter((name) => native.includes(name) || binaries.some((start) => name.startsWith(start)));
  for (const name of wanted) await copy(join(modules, name), join(root, 'opt/ksqldb/node_modules', name));
  await owned(join(root, 'var/lib/ksqldb'), 1000);
}
