import { describe, expect, it } from 'vitest';
import { listTable } from '../../../src/cli/data-table.js';
import { groupText, topicText } from '../../../src/cli/topic-text.js';
import type { OperationEvent } from '../../../src/kinds/events.js';
import type { ComponentLine, FlowNode, StatusReport } from '../../../src/kinds/status-report.js';
import type { Plan } from '../../../src/operations/plan/plan.js';
import type { GroupReport } from '../../../src/operations/topics/groups.js';
import { deadLetterLines } from '../../../src/ui/text/dead-letter.js';
import { type Line, textOf, widthOf, wrapLine } from '../../../src/ui/text/line.js';
import { planLines } from '../../../src/ui/text/plan.js';
import { statusLines } from '../../../src/ui/text/status.js';
import { traceLines } from '../../../src/ui/text/trace.js';
import { upLines } from '../../../src/ui/up/lines.js';
import { NOTHING_YET, reduceUp } from '../../../src/ui/up/state.js';

const component = (name: string, more: Partial<ComponentLine> = {}): ComponentLine => ({
  ...{ name, health: 'good', state: 'running', restarts: 0, uptimeMs: 720_000, memoryBytes: 31 * 2 ** 20 },
  ...more,
});
const node = (name: string, detail = '', more: Partial<FlowNode> = {}): FlowNode => ({
  ...{ name, detail, health: 'good' },
  ...more,
});

const STATUS: StatusReport = {
  ...{ running: true, pipeline: 'person-planning', target: 'embedded', upMs: 720_000, memoryBytes: 198 * 2 ** 20 },
  components: [
    component('kafka', { address: ':9092', pid: 4711 }),
    component('accounting', {
      ...{ health: 'bad', state: 'restarting in 4 s', address: ':8002', restarts: 3 },
      lastError: 'ended with code 1: Error: no licence for this machine was found in /etc/accounting/licence.txt',
    }),
    component('planning-balance-sheet-consumer', { health: 'waiting', state: 'stopped' }),
  ],
  flows: [
    [
      node('person.person_person'),
      node('person-outbox', 'RUNNING 1/1, 0 B of WAL behind', { via: 'outbox' }),
      node('public_person_entity_events', '200 records'),
      node('planning-person-consumer', 'lag 0, 1 member'),
      node('planning.planning_person'),
    ],
    [
      node('accounting.accounting_balancesheet'),
      node('accounting-cdc', 'task FAILED 0/1, 5056 B of WAL behind', { via: 'WAL', health: 'bad' }),
      node('private_accounting_bal_sheet_cdc', '500 records'),
      node('planning-balance-sheet-consumer', 'lag 12, 0 members (Empty)', { health: 'waiting' }),
    ],
  ],
};

const PLAN: Plan = {
  ...{ pipeline: 'person-planning', target: 'cluster', inSync: 14 },
  leftToDo: [],
  entries: [
    {
      ...{ action: 'create', kind: 'topic', name: 'audit_events', reason: 'declared, and not there' },
      location: { file: 'pipelines/person-planning/evpipe.yaml', line: 61, column: 3 },
      changes: [{ summary: 'new' }],
    },
    {
      ...{ action: 'change', kind: 'connector', name: 'accounting-cdc', reason: 'differs' },
      changes: [
        {
          summary:
            'table.include.list: public.accounting_balancesheet → public.accounting_balancesheet,public.accounting_account',
          implies: 'its tasks restart; rows that public.accounting_account has already are not captured',
        },
      ],
    },
    {
      ...{ action: 'change', kind: 'topic', name: 'public_person_entity_events', reason: 'differs' },
      changes: [
        {
          summary: 'partitions: 3 → 2',
          refused: { why: 'Kafka can’t take partitions away', todo: 'Declare 3, or delete the topic.' },
        },
      ],
    },
  ],
};

const GROUP: GroupReport = {
  ...{ group: 'planning-person', state: 'Stable', lag: '3' },
  members: [{ memberId: 'planning-person-1', clientId: 'planning-person', host: '127.0.0.1' }],
  partitions: [
    {
      ...{ topic: 'public_person_entity_events', partition: 0, committed: '51', end: '54', lag: '3' },
      reader: 'planning-person',
    },
  ],
};

const lines = (all: readonly Line[]): string[] => all.map((one) => textOf(one).trimEnd());
const text = (all: string): string[] => all.trimEnd().split('\n');

const UP: readonly OperationEvent[] = [
  {
    ...{ kind: 'operation', operation: 'up', pipeline: 'person-planning', target: 'embedded' },
    ...{ steps: ['kafka', 'streams', 'checks'], checks: ['persons', 'balance-sheets'] },
  },
  { kind: 'step-done', step: 'kafka', detail: ':9092, 3 topics', elapsedMs: 1_300, changed: true },
  {
    ...{ kind: 'step-failed', step: 'streams', elapsedMs: 900 },
    failure: {
      code: 'EVPIPE_TABLE_UNKNOWN',
      message:
        'connector accounting-cdc captures public.accounting_balancesheet, which database accounting does not have (known: public.gone)',
      location: { file: 'pipelines/person-planning/evpipe.yaml', line: 45, column: 7 },
      todo: 'Correct the table, or create it in a migration of the database; then run evpipe up again.',
    },
  },
  ...(['balance-sheets', 'persons'] as const).map(
    (check): OperationEvent => ({
      kind: 'check',
      row: {
        ...{ check, kind: 'compare', verdict: 'consistent' },
        ...{ sourceRows: 200, replicaRows: 200, missing: 0, extra: 0, different: 0 },
      },
    }),
  ),
];

const SCREENS: Readonly<Record<string, (columns: number) => readonly string[]>> = {
  status: (columns) => lines(statusLines(STATUS, { columns })),
  up: (columns) =>
    lines(
      upLines(
        UP.reduce((state, event) => reduceUp(state, event, 0), NOTHING_YET),
        { columns, nowMs: 0 },
      ),
    ),
  plan: (columns) => lines(planLines(PLAN).flatMap((one) => wrapLine(one, columns, 6))),
  trace: (columns) =>
    lines(
      traceLines(
        {
          ...{ check: 'persons', key: 'aa9b01b4-fba0-8cbd-ba8f-9d3d67a907ee', absent: ['planning.planning_person'] },
          entries: [
            {
              ...{ key: 'aa9b', timestampMs: 1_700_000_000_000, timeIs: 'commit', place: 'person.person_person' },
              ...{ partition: undefined, offset: undefined, status: undefined, readBy: [] },
              value: { id: 'aa9b01b4-fba0-8cbd-ba8f-9d3d67a907ee', last_name: 'Lovelace', first_name: 'Ada' },
            },
            {
              ...{ key: 'aa9b', timestampMs: 1_700_000_000_012, place: 'public_person_entity_events' },
              ...{ partition: 0, offset: 17n, status: undefined },
              readBy: [{ name: 'planning-person-consumer', done: false }],
              value: null,
            },
          ],
        },
        columns,
      ),
    ),
  'dead-letters': (columns) =>
    lines(
      deadLetterLines(
        {
          ...{
            partition: 0,
            offset: 3n,
            timestampMs: 1_700_000_000_000,
            by: 'planning-sink',
            stage: 'VALUE_CONVERTER',
          },
          origin: { topic: 'public_person_entity_events', partition: 2, offset: 97n },
          exception: 'org.apache.kafka.connect.errors.DataException',
          message: 'Failed to deserialize data for topic public_person_entity_events to Avro',
          ...{ key: '91aa04de', value: { id: '91aa04de-0f8b-4d0c-8a43-51a1f2b6d3c7' } },
        },
        columns,
      ),
    ),
  topics: (columns) =>
    text(
      listTable(
        ['topic', 'partitions', 'records', 'declared', 'read by'],
        [
          ['connect-offsets', 25, '559', 'no', 'no group'],
          ['private_accounting_bal_sheet_cdc', 3, '500', 'yes', '_confluent-ksql-default_query_CSAS_BALANCE_1'],
        ],
        columns,
      ),
    ),
  'topics describe': (columns) =>
    text(
      topicText(
        {
          ...{ topic: 'public_person_entity_events', records: '54', groups: ['planning-person'], declared: true },
          config: { 'retention.ms': '604800000' },
          partitions: [{ partition: 0, leader: 1, replicas: [1], isr: [1], start: '0', end: '54' }],
        },
        columns,
      ),
    ),
  'groups describe': (columns) => text(groupText(GROUP, columns)),
};

describe.each([40, 80, 200])('on %d columns', (columns) => {
  it.each(Object.entries(SCREENS))('%s is as in golden/screens', async (name, draw) => {
    const drawn = draw(columns);
    await expect(`${drawn.join('\n')}\n`).toMatchFileSnapshot(
      `golden/screens/${name.replace(' ', '-')}.${columns}.txt`,
    );
    // Only a name that one copies is left for the terminal to break.
    const tooWide = drawn.filter((one) => widthOf([{ text: one }]) > columns);
    expect(tooWide.filter((one) => !one.startsWith('  read by _confluent'))).toEqual([]);
  });
});
