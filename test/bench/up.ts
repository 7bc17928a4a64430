/**
 * How long `evpipe up pipelines/person-planning` takes: from nothing (cold), with an initialised state after a `down`
 * (warm), again while all runs (second), and what the servers use in memory; and how long `smoke --up --down` of each
 * pipeline takes from nothing. Medians of several rounds.
 *
 *   npm run bench up [rounds]
 */
import { sandbox } from '../support/evpipe.js';
import { PIPELINES } from '../support/pipelines.js';

const INFRASTRUCTURE = new Set(['postgres', 'kafka', 'registry', 'connect', 'ksqldb']);
const rounds = Number(process.argv[2] ?? 5);

interface Component {
  readonly name: string;
  readonly memoryBytes?: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function timed(work: () => Promise<{ code: number | null; stderr: string }>): Promise<number> {
  const startedMs = performance.now();
  const { code, stderr } = await work();
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  return performance.now() - startedMs;
}

const times = { cold: [] as number[], second: [] as number[], warm: [] as number[] };
const memory: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const box = await sandbox('person-planning');
  try {
    times.cold.push(await timed(() => box.run('up')));
    times.second.push(await timed(() => box.run('up')));
    await box.run('down');
    times.warm.push(await timed(() => box.run('up')));
    const status = JSON.parse((await box.run('status', '--output', 'json')).stdout) as { components: Component[] };
    const bytes = status.components
      .filter(({ name }) => INFRASTRUCTURE.has(name))
      .map(({ memoryBytes }) => memoryBytes ?? 0);
    memory.push(bytes.reduce((sum, one) => sum + one, 0));
  } finally {
    await box.remove();
  }
}

const line = (name: string, values: readonly number[], goal: string): string =>
  `${name.padEnd(40)} ${(median(values) / 1000).toFixed(2).padStart(6)} s   min ${(Math.min(...values) / 1000).toFixed(2)}  max ${(Math.max(...values) / 1000).toFixed(2)}   goal ${goal}`;
console.log(`person-planning on embedded, ${rounds} rounds, whole command`);
console.log(line('cold: from nothing to the verdict', times.cold, '<= 10 s'));
console.log(line('warm: initialised state, after down', times.warm, '<= 6 s'));
console.log(line('second: everything runs', times.second, '<= 2 s'));
console.log(`servers without services, PSS            ${Math.round(median(memory) / 2 ** 20)} MB   goal <= 450 MB`);

for (const name of PIPELINES) {
  const smoke: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const box = await sandbox(name);
    try {
      smoke.push(await timed(() => box.run('smoke', '--up', '--down')));
    } finally {
      await box.remove();
    }
  }
  console.log(line(`smoke --up --down ${name}`, smoke, '<= 15 s'));
}
