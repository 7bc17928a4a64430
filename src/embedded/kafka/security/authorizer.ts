import { join } from 'node:path';
import { EvpipeError } from '../../../support/errors.js';
import { readJson, writeJson } from '../../../support/json-file.js';
import type { KafkaAcl, KafkaOptions } from '../options.js';
import type { BrokerSettings } from '../topics/settings.js';
import {
  type Acl,
  type AclFilter,
  type Asker,
  allowsSome,
  covers,
  decide,
  invalidAcl,
  keyOf,
  matchesFilter,
  OPERATIONS,
  type Operation,
  PATTERN_TYPES,
  PERMISSIONS,
  RESOURCE_TYPES,
  type ResourceType,
} from './acl.js';
import { parseAcl } from './acl-text.js';

/** The one authorizer that a Kafka 4.1 node brings along. */
const STANDARD_AUTHORIZER = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer';

const CLASS_NAME = 'authorizer.class.name';
const SUPER_USERS = 'super.users';
const ALLOW_WITHOUT_ACLS = 'allow.everyone.if.no.acl.found';

/** Its settings, which Kafka reads along with the broker's own and does not list among them. */
export const AUTHORIZER_SETTINGS: readonly string[] = [SUPER_USERS, ALLOW_WITHOUT_ACLS];

type AclOptions = Pick<KafkaOptions, 'dataDir' | 'superUsers' | 'acls'>;

/** The settings that the options for ACLs stand for. */
export function aclSettings({ superUsers, acls }: AclOptions): Record<string, string> {
  if (superUsers === undefined && acls === undefined) return {};
  return { [CLASS_NAME]: STANDARD_AUTHORIZER, [SUPER_USERS]: (superUsers ?? []).join(';') };
}

/** The authorizer that the settings ask for, with the ACLs of the options. Throws where it is another than Kafka's own. */
export function authorizerOf({ dataDir, acls = [] }: AclOptions, settings: BrokerSettings): Authorizer | undefined {
  const name = settings.text(CLASS_NAME);
  if (name === '') return undefined;
  if (name !== STANDARD_AUTHORIZER) {
    throw new EvpipeError('EVPIPE_KAFKA_SETTING', `${CLASS_NAME} ${name} is not known`, {
      kind: 'usage',
      todo: `Set it to ${STANDARD_AUTHORIZER}, or leave it out.`,
    });
  }
  const authorizer = new Authorizer(join(dataDir, 'acls.json'), settings);
  authorizer.create(acls.flatMap(aclsOf));
  return authorizer;
}

/** One for each operation. Throws where Kafka would not take them. */
function aclsOf(given: KafkaAcl | string): Acl[] {
  const {
    principal,
    permission = 'ALLOW',
    operations,
    resource,
    host = '*',
  } = typeof given === 'string' ? parseAcl(given) : given;
  return operations.map((operation) => {
    const acl: Acl = {
      ...{ principal, host },
      resourceType: RESOURCE_TYPES[resource.type],
      resourceName: resource.name,
      patternType: PATTERN_TYPES[resource.pattern ?? 'LITERAL'],
      operation: OPERATIONS[operation],
      permission: PERMISSIONS[permission],
    };
    const why = invalidAcl(acl);
    if (why !== undefined) throw new EvpipeError('EVPIPE_KAFKA_ACL', why, { kind: 'usage' });
    return acl;
  });
}

interface AclFile {
  readonly version: 1;
  readonly acls: readonly Acl[];
}

/** Stands for any resource: allowed to super users, but not by ACLs for named resources. */
const ANY_RESOURCE = 'hardcode';

/** Decides as Kafka's StandardAuthorizer does. Its ACLs are kept in a file. */
export class Authorizer {
  private byKey: ReadonlyMap<string, Acl>;
  private byType: ReadonlyMap<number, AclsOfType> = new Map();
  private readonly superUsers: ReadonlySet<string>;
  private readonly allowsWithoutAcls: boolean;

  constructor(
    private readonly file: string,
    settings: BrokerSettings,
  ) {
    const names = settings.text(SUPER_USERS).split(';');
    this.superUsers = new Set(names.map((name) => name.trim()).filter((name) => name !== ''));
    this.allowsWithoutAcls = settings.flag(ALLOW_WITHOUT_ACLS);
    this.byKey = new Map((readJson<AclFile>(file, 1)?.acls ?? []).map((acl) => [keyOf(acl), acl]));
    this.index();
  }

  private index(): void {
    const byType = new Map<number, AclsOfType>();
    for (const acl of this.byKey.values()) {
      let ofType = byType.get(acl.resourceType);
      if (ofType === undefined) {
        ofType = new AclsOfType();
        byType.set(acl.resourceType, ofType);
      }
      ofType.add(acl);
    }
    this.byType = byType;
  }

  allows(asker: Asker, operation: Operation, type: ResourceType, name: string): boolean {
    if (this.superUsers.has(asker.principal)) return true;
    const verdict = decide(this.byType.get(RESOURCE_TYPES[type])?.about(name) ?? [], asker, operation);
    return verdict === 'unknown' ? this.allowsWithoutAcls : verdict === 'allowed';
  }

  /** Whether the operation is allowed on any resource of a type. */
  allowsOnSome(asker: Asker, operation: Operation, type: ResourceType): boolean {
    if (this.allows(asker, operation, type, ANY_RESOURCE)) return true;
    return allowsSome(this.byType.get(RESOURCE_TYPES[type])?.all ?? [], asker, operation);
  }

  matching(filter: AclFilter): Acl[] {
    return [...this.byKey.values()].filter((acl) => matchesFilter(filter, acl));
  }

  /** Those that are there already stay. */
  create(acls: readonly Acl[]): void {
    const fresh = acls.filter((acl) => !this.byKey.has(keyOf(acl)));
    if (fresh.length > 0) this.keep([...this.byKey.values(), ...fresh]);
  }

  delete(acls: readonly Acl[]): void {
    const gone = new Set(acls.map(keyOf));
    const left = [...this.byKey.values()].filter((acl) => !gone.has(keyOf(acl)));
    if (left.length < this.byKey.size) this.keep(left);
  }

  /** The disk first: what it refuses changes nothing. */
  private keep(acls: readonly Acl[]): void {
    writeJson(this.file, { version: 1, acls } satisfies AclFile);
    this.byKey = new Map(acls.map((acl) => [keyOf(acl), acl]));
    this.index();
  }
}

/** The ACLs of one type of resource; those that name one resource are found by its name. */
class AclsOfType {
  readonly all: Acl[] = [];
  private readonly literal = new Map<string, Acl[]>();
  private readonly patterns: Acl[] = [];

  add(acl: Acl): void {
    this.all.push(acl);
    if (acl.patternType === PATTERN_TYPES.PREFIXED || acl.resourceName === '*') {
      this.patterns.push(acl);
      return;
    }
    const same = this.literal.get(acl.resourceName);
    if (same === undefined) this.literal.set(acl.resourceName, [acl]);
    else same.push(acl);
  }

  about(name: string): Acl[] {
    return [...(this.literal.get(name) ?? []), ...this.patterns.filter((acl) => covers(acl, name))];
  }
}
