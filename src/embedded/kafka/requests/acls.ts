import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { createAcls } from '../../../protocol/kafka/messages/create-acls.js';
import { deleteAcls } from '../../../protocol/kafka/messages/delete-acls.js';
import { describeAcls } from '../../../protocol/kafka/messages/describe-acls.js';
import type { RequestOf } from '../../../protocol/kafka/schema.js';
import { messageOf } from '../../../support/errors.js';
import { type Acl, type AclFilter, invalidAcl, isWellFormed, notConcrete } from '../security/acl.js';
import type { Authorizer } from '../security/authorizer.js';
import { storageError } from '../storage-errors.js';
import { handler } from './handler.js';

const refused = (error: ErrorName, errorMessage: string) => ({ errorCode: errorCode(error), errorMessage });
const NO_AUTHORIZER = refused('SECURITY_DISABLED', 'No Authorizer is configured.');

/** Supports: versions 1 to 3. Behaviour: without an authorizer SECURITY_DISABLED, as on a real broker. */
export const describeAclsHandler = handler(
  describeAcls,
  { supports: 'Filters of all kinds. Without an authorizer SECURITY_DISABLED.' },
  (request, { broker: { authorizer } }) => {
    if (authorizer === undefined) return refused('SECURITY_DISABLED', 'No Authorizer is configured on the broker');
    const resources = new Map<string, { of: Acl; acls: Acl[] }>();
    for (const acl of authorizer.matching(filterOf(request))) {
      const key = JSON.stringify([acl.resourceType, acl.patternType, acl.resourceName]);
      const known = resources.get(key);
      if (known === undefined) resources.set(key, { of: acl, acls: [acl] });
      else known.acls.push(acl);
    }
    return {
      errorMessage: null,
      resources: [...resources.values()].map(({ of: { resourceType, resourceName, patternType }, acls }) => ({
        resourceType,
        resourceName,
        patternType,
        acls: acls.map((acl) => ({ ...acl, permissionType: acl.permission })),
      })),
    };
  },
);

/** Supports: versions 1 to 3. Behaviour: one that is there already is accepted again; they are kept on disk. */
export const createAclsHandler = handler(
  createAcls,
  { supports: 'Literal and prefixed patterns, as the StandardAuthorizer. Without an authorizer SECURITY_DISABLED.' },
  ({ creations }, { broker: { authorizer } }) => {
    const acls = creations.map(
      ({ resourcePatternType, permissionType, resourceType, resourceName, principal, host, operation }): Acl => ({
        ...{ resourceType, resourceName, principal, host, operation },
        patternType: resourcePatternType,
        permission: permissionType,
      }),
    );
    const all = (answer: ReturnType<typeof refused>) => ({ results: creations.map(() => answer) });
    if (!acls.every(isWellFormed)) return all(refused('INVALID_REQUEST', 'CreatableAcls contain unknown elements'));
    if (authorizer === undefined) return all(NO_AUTHORIZER);
    // As in Kafka, the whole request fails.
    const wrong = acls.flatMap((acl) => notConcrete(acl) ?? [])[0];
    if (wrong !== undefined) return all(refused('UNKNOWN_SERVER_ERROR', wrong));
    const refusals = acls.map(invalidAcl);
    const failed = kept(() => authorizer.create(acls.filter((_, at) => refusals[at] === undefined)));
    return {
      results: refusals.map((why) => (why === undefined ? (failed ?? ACCEPTED) : refused('INVALID_REQUEST', why))),
    };
  },
);

/** Supports: versions 1 to 3. Behaviour: each filter is answered with the ACLs that it deleted. */
export const deleteAclsHandler = handler(
  deleteAcls,
  { supports: 'Filters of all kinds. Without an authorizer SECURITY_DISABLED.' },
  ({ filters }, { broker: { authorizer } }) => {
    const wanted = filters.map(filterOf);
    if (authorizer === undefined) return { filterResults: filters.map(() => NO_AUTHORIZER) };
    return { filterResults: deleted(authorizer, wanted) };
  },
);

/** An ACL that several filters match is listed by each of them. */
function deleted(authorizer: Authorizer, filters: readonly AclFilter[]) {
  const matching = filters.map((filter) => (isWellFormed(filter) ? authorizer.matching(filter) : undefined));
  const failed = kept(() => authorizer.delete(matching.flatMap((acls) => acls ?? [])));
  return matching.map((acls) => {
    if (acls === undefined) return refused('INVALID_REQUEST', 'the filter has unknown elements');
    if (failed !== undefined) return failed;
    return {
      ...ACCEPTED,
      matchingAcls: acls.map((acl) => ({ ...acl, ...ACCEPTED, permissionType: acl.permission })),
    };
  });
}

const ACCEPTED = { errorCode: 0, errorMessage: null } as const;

function kept(write: () => void) {
  try {
    write();
    return undefined;
  } catch (failure) {
    return refused(storageError(failure), messageOf(failure));
  }
}

function filterOf(asked: RequestOf<typeof describeAcls> | RequestOf<typeof deleteAcls>['filters'][number]): AclFilter {
  return {
    resourceType: asked.resourceTypeFilter,
    resourceName: asked.resourceNameFilter,
    patternType: asked.patternTypeFilter,
    principal: asked.principalFilter,
    host: asked.hostFilter,
    operation: asked.operation,
    permission: asked.permissionType,
  };
}
