import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryFolder } from './repository.js';

const run = promisify(execFile);

const sources = join(repositoryFolder, 'test/real/stack');
const CONVERTER = 'java/io/confluent/connect/avro/AvroConverter.java';
const INPUTS = ['pom.xml', 'kafka/pom.xml', 'streams/pom.xml', 'avro-converter/pom.xml', CONVERTER];
/** So that Connect finds the converter by its manifest, without a scan of all jars. */
const CONVERTER_SERVICES =
  'io.confluent.connect.avro.AvroConverter\nio.apicurio.registry.utils.converter.AvroConverter\n';

/**
 * The folder with Kafka's jars (kafka/), those of ksqlDB's Kafka Streams (streams/), Connect's plugins (plugins/) and the registry (registry/). The first call
 * fetches them by Maven (340 MB); later ones find them. The name holds a checksum of what was asked for, and the folder
 * appears by rename, so it is whole or absent, also when several ask at once.
 */
export async function downloadRealStack(): Promise<string> {
  const checksum = createHash('sha256');
  for (const input of INPUTS) checksum.update(await readFile(join(sources, input)));
  const cache = join(repositoryFolder, '.real-stack');
  const folder = join(cache, checksum.digest('hex').slice(0, 12));
  if (existsSync(folder)) return folder;

  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    const maven = ['-q', '-B', '-f', join(sources, 'pom.xml'), 'generate-resources', `-Dstack=${unfinished}`];
    await run('mvn', maven, { maxBuffer: 64 << 20 });
    await compileConverter(unfinished);
    await rename(unfinished, folder);
  } catch (failure) {
    if (!existsSync(folder)) throw failure;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function compileConverter(stack: string): Promise<void> {
  const plugin = join(stack, 'plugins/avro-converter');
  const classes = join(stack, 'classes');
  const services = join(classes, 'META-INF/services');
  await mkdir(services, { recursive: true });
  await writeFile(join(services, 'org.apache.kafka.connect.storage.Converter'), CONVERTER_SERVICES);
  await run('javac', ['-cp', join(plugin, '*'), '-d', classes, join(sources, CONVERTER)]);
  await run('jar', ['--create', '--file', join(plugin, 'confluent-avro-converter.jar'), '-C', classes, '.']);
  await rm(classes, { recursive: true });
}
