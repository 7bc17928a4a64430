import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPipelineFile, type LoadOptions, type loadPipeline } from '../../../src/pipeline/load.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { textOf, Workspace } from './workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

function pipelineOf({ pipeline, problems }: ReturnType<typeof loadPipeline>): Pipeline {
  if (pipeline === undefined) throw new Error(problems.map(textOf).join('\n'));
  return pipeline;
}

const loaded = (overlay: string, options: Partial<LoadOptions> = {}): Pipeline =>
  pipelineOf(workspace.loadWith(overlay, options));
const problemsOf = (overlay: string, options: Partial<LoadOptions> = {}): readonly string[] =>
  workspace.loadWith(overlay, options).problems.map(textOf);

describe('finding the pipeline file', () => {
  it('looks into EVPIPE_FILE, then into this folder and those above', () => {
    const below = join(workspace.folder, 'sql', 'person');
    expect(findPipelineFile({}, below)).toBe(join(workspace.folder, 'evpipe.yaml'));
    expect(findPipelineFile({ EVPIPE_FILE: 'other.yaml' }, below)).toBe(join(below, 'other.yaml'));
    const empty = mkdtempSync(join(tmpdir(), 'evpipe-empty-'));
    expect(findPipelineFile({}, empty)).toBeUndefined();
    rmSync(empty, { recursive: true });
  });

  it('takes a folder for the file in it, and says what is not there', () => {
    expect(pipelineOf(workspace.load({ files: ['.'] })).name).toBe('person-planning');
    expect(() => workspace.load({ files: ['nowhere'] })).toThrow(
      expect.objectContaining({ code: 'EVPIPE_FILE_MISSING', kind: 'usage' }),
    );
  });
});

describe('loading', () => {
  it('fills in defaults, and resolves paths from the folder of the file', () => {
    const pipeline = pipelineOf(workspace.load());
    expect(pipeline).toMatchObject({
      name: 'person-planning',
      folder: workspace.folder,
      stateFolder: join(workspace.folder, '.evpipe', 'person-planning'),
      target: { name: 'embedded', base: 'embedded' },
      compatibility: 'FORWARD',
    });
    expect(pipeline.databases.map(({ migrations }) => migrations.length)).toEqual([1, 1, 1]);
    expect(pipeline.subjects[0]?.file).toBe(join(workspace.folder, 'schemas/person-event.avsc'));
    expect(pipeline.connectors.map(({ config }) => config)).toMatchObject([
      {
        'database.hostname': '$(databases.person.host)',
        'slot.name': 'evpipe_person_planning_person_outbox',
        'publication.autocreate.mode': 'filtered',
        'heartbeat.interval.ms': '1000',
        'message.prefix.exclude.list': 'evpipe',
        'topic.prefix': 'person_planning_person_outbox',
        'transforms.outbox.route.topic.replacement': '$'.concat('{routedByValue}'),
      },
      { 'slot.name': 'evpipe_person_planning_accounting_cdc' },
    ]);
    expect(pipeline.checks.map(({ kind }) => kind)).toEqual(['compare', 'compare']);
    expect(pipeline.smoke[0]?.withinMs).toBe(10_000);
  });

  it('lets the file win over what would be filled in', () => {
    const { connectors } = loaded(
      'connectors: { accounting-cdc: { config: { slot.name: mine, topic.prefix: acc } } }\n',
    );
    expect(connectors[1]?.config).toMatchObject({ 'slot.name': 'mine', 'topic.prefix': 'acc' });
    expect(connectors[1]?.written['slot.name']).toBe('mine');
    expect(connectors[1]?.written['publication.name']).toBeUndefined();
  });

  it('keeps numbers and truths of a config as they were written', () => {
    const { topics } = loaded(
      'topics: { public_person_entity_events: { config: { retention.ms: 604800000, min.cleanable.dirty.ratio: 0.10, preallocate: false } } }\n',
    );
    expect(topics[0]?.config).toEqual({
      'retention.ms': '604800000',
      'min.cleanable.dirty.ratio': '0.10',
      preallocate: 'false',
    });
  });
});

describe('merging', () => {
  it('goes deep, replaces lists, and removes by null', () => {
    const { topics, services, smoke } = loaded(`
topics: { public_person_entity_events: { partitions: 6 } }
services:
  person: { port: 9001, open: null }
  planning-person-consumer: { consumes: { topics: [public_person_entity_events, private_accounting_bal_sheet_cdc] } }
smoke: { a-new-person-reaches-planning: null }
`);
    expect(topics.map(({ partitions }) => partitions)).toEqual([6, 3, 3]);
    expect(services[0]).toMatchObject({
      port: 9001,
      open: undefined,
      ready: { how: { kind: 'http', path: '/health' } },
    });
    expect(services[3]?.consumes).toEqual({
      group: 'planning-person',
      topics: ['public_person_entity_events', 'private_accounting_bal_sheet_cdc'],
    });
    expect(smoke).toEqual([]);
  });

  it('lays profiles over the file in the order they are named', () => {
    const profiles = `
profiles:
  more: { topics: { public_person_entity_events: { partitions: 6 } } }
  most: { topics: { public_person_entity_events: { partitions: 12 } } }
`;
    const partitions = (names: string[]): number | undefined =>
      loaded(profiles, { profiles: names }).topics[0]?.partitions;
    expect([partitions([]), partitions(['more']), partitions(['more', 'most']), partitions(['most', 'more'])]).toEqual([
      3, 6, 12, 6,
    ]);
    expect(problemsOf(profiles, { profiles: ['mor'] })).toEqual([
      expect.stringMatching(/^overlay.yaml:2:1 error profile-unknown: there is no profile mor, did you mean more\?/),
    ]);
  });

  it('removes by a profile of the overlay what the file has, beside the profile of that name in the file', () => {
    workspace.write(
      'evpipe.yaml',
      'version: 1\nname: p\ntopics: { a: {}, b: {}, c: {} }\nprofiles: { less: { topics: { a: null } } }\n',
    );
    const { pipeline } = workspace.loadWith('profiles: { less: { topics: { b: null } } }', { profiles: ['less'] });
    expect(pipeline?.topics.map(({ name }) => name)).toEqual(['c']);
  });

  it('names a problem where it was written: in the overlay, or in a profile of it', () => {
    const overlay = 'profiles:\n  p:\n    topics:\n      a: { partitions: -1 }\n';
    expect(problemsOf(overlay)).toEqual([]);
    expect(problemsOf(overlay, { profiles: ['p'] })[0]).toMatch(/^overlay.yaml:4:12 error wrong-value/);
  });
});

describe('targets', () => {
  const targets = 'targets: { real: { kafka: { bootstrapServers: "h:9093", ssl: true }, ksqldb: embedded } }\n';

  it('are the file’s own, or the plain ones', () => {
    expect(loaded(targets, { target: 'real' }).target).toMatchObject({
      name: 'real',
      base: 'embedded',
      kafka: { bootstrapServers: 'h:9093', ssl: true },
      ksqldb: 'embedded',
    });
    expect(loaded(targets, { target: 'cluster' }).target).toEqual({ name: 'cluster', base: 'cluster' });
  });

  it('that are not there are named, with the nearest', () => {
    expect(problemsOf(targets, { target: 'reel' })).toEqual([
      expect.stringMatching(/error target-unknown: there is no target reel, did you mean real\?/),
    ]);
  });
});

describe('interpolation', () => {
  const PORT = 'services: { person: { port: "$'.concat('{PERSON_PORT:-8101}" } }\n');
  const person = (env: Record<string, string>): number | undefined => loaded(PORT, { env }).services[0]?.port;

  it('takes the environment, then the default', () => {
    expect([person({}), person({ PERSON_PORT: '' }), person({ PERSON_PORT: '8301' })]).toEqual([8101, 8101, 8301]);
  });

  it('names a variable that is missing, at its place', () => {
    expect(problemsOf('services:\n  person:\n    env:\n      A: $'.concat('{NOT_THERE}\n'))).toEqual([
      expect.stringMatching(/^overlay.yaml:4:10 error variable-missing: the environment has no NOT_THERE/),
    ]);
  });

  it('leaves to others what is theirs, and never reads a value as YAML', () => {
    const env = { DATA: '{ a: [1' };
    const text = 'services: { person: { env: { A: "$'.concat('{DATA}", B: "$', '{env:X}", C: "$', '{lower}" } } }\n');
    expect(loaded(text, { env }).services[0]?.env).toMatchObject({
      A: '{ a: [1',
      B: '$'.concat('{env:X}'),
      C: '$'.concat('{lower}'),
    });
  });
});

describe('problems', () => {
  it('come all at once, sorted by place, in the words of the file', () => {
    const problems = problemsOf(`
topcs: {}
topics: { a: { partitions: many } }
services: { person: { prot: 1, ready: /health } }
seed: { persons: { rows: -1 } }
checks: { persons: { within: soon } }
`);
    expect(problems.filter((text) => text.includes(' error '))).toEqual([
      expect.stringMatching(/^overlay.yaml:2:1 error unknown-key: unknown key topcs, did you mean topics\?/),
      expect.stringMatching(/^overlay.yaml:3:16 error wrong-value: topics.a.partitions: a topic has 1 to 10000/),
      expect.stringMatching(/^overlay.yaml:4:23 error unknown-key: unknown key prot, did you mean port\?/),
      expect.stringMatching(/^overlay.yaml:4:32 error wrong-value: services.person.ready: must be a mapping, is text/),
      expect.stringMatching(/^overlay.yaml:5:20 error wrong-value: seed.persons.rows: rows is a whole number/),
      expect.stringMatching(/^overlay.yaml:6:22 error wrong-value: checks.persons.within: a duration is a number with/),
    ]);
  });

  it('of YAML itself have a place too', () => {
    writeFileSync(join(workspace.folder, 'evpipe.yaml'), 'version: 1\nname: a\nname: b\n');
    expect(workspace.load().problems.map(textOf)).toEqual([expect.stringMatching(/^evpipe.yaml:3:1 error yaml: /)]);
    writeFileSync(join(workspace.folder, 'evpipe.yaml'), 'version: 1\nname: [a\n');
    expect(workspace.load().problems[0]?.location).toMatchObject({ file: 'evpipe.yaml' });
  });

  it('that only warn leave the pipeline usable', () => {
    const { pipeline, problems } = workspace.loadWith('databases: { spare: {} }\n');
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
    expect(pipeline?.name).toBe('person-planning');
  });

  it('are counted from one, also after characters of several bytes', () => {
    expect(problemsOf('topics: { "ärger–€": { partitions: 0 } }\n')[0]).toMatch(/^overlay.yaml:1:24 error/);
  });
});
