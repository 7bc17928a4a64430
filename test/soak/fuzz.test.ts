import { describe, expect, test } from 'vitest';
import { DECODERS, fuzz, roundsOf } from '../support/decoder-fuzz.js';
import { fuzzPostgres } from '../support/fuzz/fake-postgres.js';
import { coverageText, fuzzServer } from '../support/fuzz/fuzz-server.js';
import { FUZZED_SERVERS } from '../support/fuzz/servers.js';
import { SoakFigures } from '../support/soak-figures.js';

/** Inputs of each decoder, and of each server. */
const ROUNDS = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 100_000);
const TALKS = Number(process.env.EVPIPE_SOAK_TALKS ?? 5_000);
const SHOTS = Number(process.env.EVPIPE_SOAK_SHOTS ?? 20_000);

describe('damaged', () => {
  test.each(DECODERS)('$name cost little and are refused, or mean something else', (decoder) => {
    const figures = new SoakFigures(`fuzz ${decoder.name}`);
    const seed = figures.nextSeed;
    expect(fuzz(decoder, ROUNDS, seed)).toBeUndefined();
    process.stderr.write(figures.add(seed, { inputs: roundsOf(decoder, ROUNDS) }));
  });
});

test('a PostgreSQL server that says what it may not is refused, and ends nothing', async () => {
  const figures = new SoakFigures('fuzz PostgreSQL servers');
  const seed = figures.nextSeed * TALKS;
  expect(await fuzzPostgres(TALKS, seed)).toEqual([]);
  process.stderr.write(figures.add(seed, { inputs: TALKS }));
});

describe('whatever is sent', () => {
  test.each(FUZZED_SERVERS)('$name answers or refuses it soon, and goes on', async (server) => {
    const figures = new SoakFigures(`fuzz ${server.name}`);
    const seed = figures.nextSeed;
    const report = await fuzzServer(server, { shots: SHOTS, seed, again: true });
    process.stderr.write(`seed ${seed}, ${coverageText(report)}`);
    expect(report.findings, `seed ${seed}`).toEqual([]);
    expect([...report.handlers].filter(([, { reached }]) => reached === 0).map(([name]) => name)).toEqual([]);
    const { shots, slowestMs, memoryMb } = report;
    process.stderr.write(figures.add(seed, { inputs: shots, cpuMsMax: slowestMs, memoryMbMax: memoryMb }));
  });
});
