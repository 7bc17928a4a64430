/** Access control lists in the protocol's terms, and what one means for a request. Pure. */

export const RESOURCE_TYPES = {
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const;
export type ResourceType = Exclude<keyof typeof RESOURCE_TYPES, 'ANY'>;

export const OPERATIONS = {
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const;
export type AclOperation = Exclude<keyof typeof OPERATIONS, 'ANY'>;
/** What a request can need; an ACL can name ALL as well. */
export type Operation = Exclude<AclOperation, 'ALL'>;

export const PATTERN_TYPES = { ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const;
export const PERMISSIONS = { ANY: 1, DENY: 2, ALLOW: 3 } as const;

/** The one resource of type CLUSTER. */
export const CLUSTER_NAME = 'kafka-cluster';

/** Stands for every resource of a type, every principal, every host. */
const WILDCARD = '*';
const ANY_USER = 'User:*';

/** One ACL, its parts as the protocol's numbers. */
export interface Acl {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permission: number;
}

/** Null and ANY match everything. */
export interface AclFilter {
  readonly resourceType: number;
  readonly resourceName: string | null;
  readonly patternType: number;
  readonly principal: string | null;
  readonly host: string | null;
  readonly operation: number;
  readonly permission: number;
}

/** Who asks. */
export interface Asker {
  /** `User:name` */
  readonly principal: string;
  readonly host: string;
}

export const keyOf = (acl: Acl): string =>
  JSON.stringify([
    ...[acl.resourceType, acl.resourceName, acl.patternType],
    ...[acl.principal, acl.host, acl.operation, acl.permission],
  ]);

const isKnown = (values: Readonly<Record<string, number>>, value: number): boolean =>
  Object.values(values).includes(value);

/** Whether all its numbers are the protocol's. */
export const isWellFormed = (acl: Omit<AclFilter, 'resourceName' | 'principal' | 'host'>): boolean =>
  isKnown(RESOURCE_TYPES, acl.resourceType) &&
  isKnown(PATTERN_TYPES, acl.patternType) &&
  isKnown(OPERATIONS, acl.operation) &&
  isKnown(PERMISSIONS, acl.permission);

/** What only a filter can have; undefined where nothing is. */
export function notConcrete(acl: Acl): string | undefined {
  if (acl.resourceType === RESOURCE_TYPES.ANY) return 'Invalid resourceType ANY';
  if (acl.patternType === PATTERN_TYPES.ANY) return 'Invalid patternType ANY';
  if (acl.patternType === PATTERN_TYPES.MATCH) return 'Invalid patternType MATCH';
  if (acl.operation === OPERATIONS.ANY) return 'Invalid operation ANY';
  return acl.permission === PERMISSIONS.ANY ? 'Invalid permissionType ANY' : undefined;
}

/** Why Kafka would not take it; undefined where it would. */
export function invalidAcl(acl: Acl): string | undefined {
  if (acl.resourceType === RESOURCE_TYPES.CLUSTER && acl.resourceName !== CLUSTER_NAME) {
    return `The only valid name for the CLUSTER resource is ${CLUSTER_NAME}`;
  }
  if (acl.resourceName === '') return 'Invalid empty resource name';
  if (!/^[^:]+:/.test(acl.principal)) {
    return `expected a string in format principalType:principalName but got ${acl.principal}`;
  }
  return undefined;
}

export function matchesFilter(filter: AclFilter, acl: Acl): boolean {
  const { ANY } = RESOURCE_TYPES;
  return (
    (filter.resourceType === ANY || filter.resourceType === acl.resourceType) &&
    matchesPattern(filter, acl) &&
    (filter.principal === null || filter.principal === acl.principal) &&
    (filter.host === null || filter.host === acl.host) &&
    (filter.operation === OPERATIONS.ANY || filter.operation === acl.operation) &&
    (filter.permission === PERMISSIONS.ANY || filter.permission === acl.permission)
  );
}

function matchesPattern({ patternType, resourceName: name }: AclFilter, acl: Acl): boolean {
  const exact = patternType !== PATTERN_TYPES.ANY && patternType !== PATTERN_TYPES.MATCH;
  if (exact && patternType !== acl.patternType) return false;
  if (name === null) return true;
  if (patternType !== PATTERN_TYPES.MATCH) return name === acl.resourceName;
  return covers(acl, name);
}

/** Whether an ACL is about the resource of this name. */
export function covers({ patternType, resourceName }: Acl, name: string): boolean {
  if (patternType === PATTERN_TYPES.PREFIXED) return name.startsWith(resourceName);
  return resourceName === name || resourceName === WILDCARD;
}

/** Operations that are allowed along with others, on the same resource. */
const IMPLYING: Partial<Record<Operation, readonly number[]>> = {
  DESCRIBE: [OPERATIONS.READ, OPERATIONS.WRITE, OPERATIONS.DELETE, OPERATIONS.ALTER],
  DESCRIBE_CONFIGS: [OPERATIONS.ALTER_CONFIGS],
};

export const isAbout = (acl: Acl, { principal, host }: Asker): boolean =>
  (acl.principal === principal || acl.principal === ANY_USER) && (acl.host === host || acl.host === WILDCARD);

/** To deny READ is not to deny DESCRIBE; to allow READ is to allow DESCRIBE. */
function appliesTo({ operation, permission }: Acl, wanted: Operation): boolean {
  if (operation === OPERATIONS.ALL || operation === OPERATIONS[wanted]) return true;
  return permission === PERMISSIONS.ALLOW && IMPLYING[wanted]?.includes(operation) === true;
}

/** `unknown`: no ACL is about this resource, for any principal or operation. */
export type Verdict = 'allowed' | 'denied' | 'unknown';

/** What ACLs of one resource say. One that denies counts more than any that allow. */
export function decide(acls: readonly Acl[], asker: Asker, operation: Operation): Verdict {
  if (acls.length === 0) return 'unknown';
  const applying = acls.filter((acl) => isAbout(acl, asker) && appliesTo(acl, operation));
  if (applying.length === 0) return 'denied';
  return applying.every(({ permission }) => permission === PERMISSIONS.ALLOW) ? 'allowed' : 'denied';
}

/**
 * Whether there can be a resource on which the operation is allowed, by ACLs of its type: some allow, and what denies is
 * not at least as wide. Operations that imply others do not count, as in Kafka.
 */
export function allowsSome(acls: readonly Acl[], asker: Asker, operation: Operation): boolean {
  const applying = acls.filter(
    (acl) => isAbout(acl, asker) && (acl.operation === OPERATIONS.ALL || acl.operation === OPERATIONS[operation]),
  );
  const denying = applying.filter(({ permission }) => permission === PERMISSIONS.DENY);
  if (denying.some(isWildcard)) return false;
  return applying
    .filter(({ permission }) => permission === PERMISSIONS.ALLOW)
    .some((allowed) => isWildcard(allowed) || !denying.some((denied) => isAtLeastAsWide(denied, allowed)));
}

const isWildcard = ({ patternType, resourceName }: Acl): boolean =>
  patternType === PATTERN_TYPES.LITERAL && resourceName === WILDCARD;

const isAtLeastAsWide = (denied: Acl, allowed: Acl): boolean =>
  denied.patternType === PATTERN_TYPES.PREFIXED
    ? allowed.resourceName.startsWith(denied.resourceName)
    : allowed.patternType === PATTERN_TYPES.LITERAL && allowed.resourceName === denied.resourceName;
