// Starts parts of the real stack by hand: node test/real/stack/run.js kafka registry connect
// Prints one line of JSON with their addresses once they answer; Ctrl-C or SIGTERM ends them.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const names = process.argv.slice(2);
const unknown = names.find((name) => !['kafka', 'registry', 'connect'].includes(name));
if (names.length === 0 || unknown !== undefined) {
  console.error('usage: node test/real/stack/run.js [kafka] [registry] [connect]   (connect needs kafka)');
  process.exit(2);
}

const outfile = new URL(`../../../.real-stack/run-${process.pid}.mjs`, import.meta.url);

await build({
  entryPoints: [new URL('stack.ts', import.meta.url).pathname],
  outfile: outfile.pathname,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});
const { startRealStack } = await import(outfile.href);
await rm(outfile);

const stack = await startRealStack(Object.fromEntries(names.map((name) => [name, true])));
const addresses = {
  ...(names.includes('kafka') && { kafka: stack.kafka.bootstrapServers }),
  ...(names.includes('registry') && { registry: stack.registry.url }),
  ...(names.includes('connect') && { connect: stack.connect.url }),
  dataDir: stack.dataDir,
};
console.log(JSON.stringify(addresses));

const stop = () => stack.stop().then(() => process.exit(0));
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
