import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS, PATTERN_TYPES, PERMISSIONS, RESOURCE_TYPES } from '../../../src/embedded/kafka/security/acl.js';
import { errorName } from '../../../src/protocol/kafka/errors.js';
import { createAcls } from '../../../src/protocol/kafka/messages/create-acls.js';
import { createTopics } from '../../../src/protocol/kafka/messages/create-topics.js';
import { deleteAcls } from '../../../src/protocol/kafka/messages/delete-acls.js';
import { describeAcls } from '../../../src/protocol/kafka/messages/describe-acls.js';
import { findCoordinator } from '../../../src/protocol/kafka/messages/find-coordinator.js';
import { listOffsets } from '../../../src/protocol/kafka/messages/list-offsets.js';
import { waitUntil } from '../../../src/support/retry.js';
import type { RawClient } from '../../support/kafka-raw-client.js';
import { ACL_REQUESTS, errorsOf, login } from './acl-requests.js';
import { type GuardedBroker, startOurs, startReal } from './guarded-brokers.js';

/** What `ann` may do is compared with real Kafka, request by request. */

let folder: string;
let ours: GuardedBroker;
let real: GuardedBroker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-acls-'));
  [ours, real] = await Promise.all([startOurs(join(folder, 'ours')), startReal(join(folder, 'real'))]);
  for (const broker of [ours, real]) {
    const admin = await login(broker.address, 'admin');
    for (const keyType of [0, 1]) {
      const found = async () => {
        const { coordinators } = await admin.send(findCoordinator, 4, { keyType, coordinatorKeys: ['any'] });
        if (coordinators[0]?.errorCode !== 0) throw new Error(errorName(coordinators[0]?.errorCode ?? -1));
        return true;
      };
      await waitUntil('the coordinators', found, { timeoutMs: 60_000 });
    }
    admin.close();
  }
});

afterAll(async () => {
  await ours?.stop();
  await real?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Type = keyof typeof RESOURCE_TYPES;
type AclText = readonly [
  permission: 'ALLOW' | 'DENY',
  operation: keyof typeof OPERATIONS,
  type: Type,
  name: string,
  more?: { readonly pattern?: 'LITERAL' | 'PREFIXED'; readonly principal?: string; readonly host?: string },
];

const one = (operation: keyof typeof OPERATIONS, type: Type, name: string): readonly AclText[] => [
  ['ALLOW', operation, type, name],
];
const CLUSTER = 'kafka-cluster';

/** `T`, `G` and `X` stand for the topic, the group and the transactional id of each round. */
const ACL_SETS: Readonly<Record<string, readonly AclText[]>> = {
  none: [],
  ...Object.fromEntries(
    (
      ['READ', 'WRITE', 'CREATE', 'DELETE', 'ALTER', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS', 'ALL'] as const
    ).map((operation) => [`${operation} on the topic`, one(operation, 'TOPIC', 'T')]),
  ),
  ...Object.fromEntries(
    (['READ', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS', 'ALL'] as const).map((operation) => [
      `${operation} on the group`,
      one(operation, 'GROUP', 'G'),
    ]),
  ),
  ...Object.fromEntries(
    (['WRITE', 'DESCRIBE', 'ALL'] as const).map((operation) => [
      `${operation} on the transactional id`,
      one(operation, 'TRANSACTIONAL_ID', 'X'),
    ]),
  ),
  ...Object.fromEntries(
    (
      [
        'CREATE',
        'DELETE',
        'ALTER',
        'DESCRIBE',
        'CLUSTER_ACTION',
        'DESCRIBE_CONFIGS',
        'ALTER_CONFIGS',
        'IDEMPOTENT_WRITE',
        'ALL',
      ] as const
    ).map((operation) => [`${operation} on the cluster`, one(operation, 'CLUSTER', CLUSTER)]),
  ),
  'a consumer': [...one('READ', 'TOPIC', 'T'), ...one('READ', 'GROUP', 'G')],
  'a transactional producer': [
    ...one('WRITE', 'TOPIC', 'T'),
    ...one('WRITE', 'TRANSACTIONAL_ID', 'X'),
    ...one('READ', 'GROUP', 'G'),
  ],
  'all, but READ denied': [
    ['ALLOW', 'ALL', 'TOPIC', '*'],
    ['DENY', 'READ', 'TOPIC', 'T'],
  ],
  'all, but DESCRIBE denied': [
    ['ALLOW', 'ALL', 'TOPIC', '*'],
    ['DENY', 'DESCRIBE', 'TOPIC', 'T'],
  ],
  'all, but everything denied on a prefix': [
    ['ALLOW', 'ALL', 'TOPIC', '*'],
    ['DENY', 'ALL', 'TOPIC', 'topic-', { pattern: 'PREFIXED' }],
  ],
  'a prefix': [['ALLOW', 'ALL', 'TOPIC', 'topic-', { pattern: 'PREFIXED' }]],
  'a prefix that does not fit': [['ALLOW', 'ALL', 'TOPIC', 'other-', { pattern: 'PREFIXED' }]],
  everybody: [['ALLOW', 'READ', 'TOPIC', 'T', { principal: 'User:*' }]],
  'somebody else': [['ALLOW', 'ALL', 'TOPIC', 'T', { principal: 'User:bob' }]],
  'from here': [['ALLOW', 'READ', 'TOPIC', 'T', { host: '127.0.0.1' }]],
  'from elsewhere': [['ALLOW', 'READ', 'TOPIC', 'T', { host: '10.1.2.3' }]],
  'WRITE on a prefix': [['ALLOW', 'WRITE', 'TOPIC', 'x', { pattern: 'PREFIXED' }]],
  'WRITE on a prefix that is denied': [
    ['ALLOW', 'WRITE', 'TOPIC', 'xyz', { pattern: 'PREFIXED' }],
    ['DENY', 'WRITE', 'TOPIC', 'x', { pattern: 'PREFIXED' }],
  ],
  'WRITE denied everywhere': [
    ['ALLOW', 'WRITE', 'TOPIC', 'x'],
    ['DENY', 'WRITE', 'TOPIC', '*'],
  ],
  'all on all': (['TOPIC', 'GROUP', 'TRANSACTIONAL_ID'] as const).map((type) => ['ALLOW', 'ALL', type, '*'] as const),
};

const EVERYTHING = {
  resourceTypeFilter: RESOURCE_TYPES.ANY,
  resourceNameFilter: null,
  patternTypeFilter: PATTERN_TYPES.ANY,
  principalFilter: null,
  hostFilter: null,
  operation: OPERATIONS.ANY,
  permissionType: PERMISSIONS.ANY,
};

async function setAcls(admin: RawClient, acls: readonly AclText[], names: Names): Promise<void> {
  await admin.send(deleteAcls, 3, { filters: [EVERYTHING] });
  const creations = acls.map(([permission, operation, type, name, more = {}]) => ({
    resourceType: RESOURCE_TYPES[type],
    resourceName: names[name as keyof Names] ?? name,
    resourcePatternType: PATTERN_TYPES[more.pattern ?? 'LITERAL'],
    principal: more.principal ?? 'User:ann',
    host: more.host ?? '*',
    operation: OPERATIONS[operation],
    permissionType: PERMISSIONS[permission],
  }));
  const { results } = await admin.send(createAcls, 3, { creations });
  expect(results.map(({ errorCode }) => errorName(errorCode))).toEqual(creations.map(() => 'NONE'));
  const applied = async () => {
    const { resources } = await admin.send(describeAcls, 3, EVERYTHING);
    const count = resources.reduce((sum, resource) => sum + resource.acls.length, 0);
    if (count !== creations.length) throw new Error(`${count} ACLs instead of ${creations.length}`);
    return true;
  };
  await waitUntil('the ACLs', applied, { timeoutMs: 20_000 });
}

interface Names {
  readonly T: string;
  readonly G: string;
  readonly X: string;
}

async function makeTopic(admin: RawClient, name: string): Promise<void> {
  await admin.send(createTopics, 7, { topics: [{ name, numPartitions: 1, replicationFactor: 1 }], timeoutMs: 10_000 });
  const led = async () => {
    const partitions = [{ partitionIndex: 0, timestamp: -1n }];
    const { topics } = await admin.send(listOffsets, 7, { topics: [{ name, partitions }] });
    if (topics[0]?.partitions[0]?.errorCode !== 0) throw new Error('no leader yet');
    return true;
  };
  await waitUntil('the topic', led, { timeoutMs: 20_000 });
}

/** What each request is answered, by its name. */
async function answers(
  { address }: GuardedBroker,
  acls: readonly AclText[],
  round: number,
): Promise<Record<string, unknown>> {
  const names: Names = { T: `topic-${round}`, G: `group-${round}`, X: `tx-${round}` };
  const admin = await login(address, 'admin');
  await makeTopic(admin, names.T);
  await setAcls(admin, acls, names);
  admin.close();
  let client = await login(address, 'ann');
  const said: Record<string, unknown> = {};
  for (const [what, send] of Object.entries(ACL_REQUESTS)) {
    try {
      said[what] = errorsOf(await send(client, names));
    } catch (failure) {
      said[what] = String(failure);
      client.close();
      client = await login(address, 'ann');
    }
  }
  client.close();
  return said;
}

describe('what a client may do, request by request, as on real Kafka', () => {
  it.each(Object.entries(ACL_SETS).map(([name, acls], round) => ({ name, acls, round })))(
    '$name',
    async ({ acls, round }) => {
      const [mine, theirs] = await Promise.all([answers(ours, acls, round), answers(real, acls, round)]);
      expect(mine).toEqual(theirs);
    },
  );
});
