import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { alterUserScramCredentials } from '../../../protocol/kafka/messages/alter-user-scram-credentials.js';
import { describeUserScramCredentials } from '../../../protocol/kafka/messages/describe-user-scram-credentials.js';
import { messageOf } from '../../../support/errors.js';
import { ITERATIONS_MAX, ITERATIONS_MIN, type ScramChange, type ScramMechanism } from '../security/credentials.js';
import { storageError } from '../storage-errors.js';
import { handler } from './handler.js';

const MECHANISM_BY_NUMBER: Readonly<Record<number, ScramMechanism>> = { 1: 'SCRAM-SHA-256', 2: 'SCRAM-SHA-512' };
const numberOf = (mechanism: ScramMechanism): number => (mechanism === 'SCRAM-SHA-256' ? 1 : 2);

/** Supports: version 0. */
export const describeUserScramCredentialsHandler = handler(
  describeUserScramCredentials,
  { supports: 'All users or those named.' },
  (request, { broker }) => {
    const all = broker.credentials.scramUsers();
    const names =
      request.users === null || request.users.length === 0 ? [...all.keys()] : request.users.map((user) => user.name);
    const results = names.map((user) => {
      const known = all.get(user);
      if (known === undefined) {
        const errorMessage = `Attempt to describe a user credential that does not exist: ${user}`;
        return { user, errorCode: errorCode('RESOURCE_NOT_FOUND'), errorMessage };
      }
      const credentialInfos = known.map(([mechanism, { iterations }]) => ({
        mechanism: numberOf(mechanism),
        iterations,
      }));
      return { user, errorMessage: null, credentialInfos };
    });
    return { errorMessage: null, results };
  },
);

/** Supports: version 0. Behaviour: a user is altered only once in a request, whatever the mechanism; kept on disk; users of the options cannot be deleted. */
export const alterUserScramCredentialsHandler = handler(
  alterUserScramCredentials,
  { supports: 'Upserts and deletions.' },
  (request, { broker }) => {
    const failures = new Map<string, readonly [ErrorName, string]>();
    const changes: ScramChange[] = [];
    const counts = new Map<string, number>();
    for (const { name } of [...request.deletions, ...request.upsertions]) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [name, count] of counts) {
      const message = 'A user credential cannot be altered twice in the same request';
      if (count > 1) failures.set(name, ['DUPLICATE_RESOURCE', message]);
    }
    for (const { name, mechanism: number, iterations, salt, saltedPassword } of request.upsertions) {
      const mechanism = MECHANISM_BY_NUMBER[number];
      if (failures.has(name)) continue;
      if (name === '') failures.set(name, ['UNACCEPTABLE_CREDENTIAL', 'Username must not be empty']);
      else if (mechanism === undefined) failures.set(name, ['UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism']);
      else if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
        const message = `Iterations must be between ${ITERATIONS_MIN} and ${ITERATIONS_MAX}`;
        failures.set(name, ['UNACCEPTABLE_CREDENTIAL', message]);
      } else {
        const password = { salted: Buffer.from(saltedPassword), salt: Buffer.from(salt), iterations };
        changes.push({ name, mechanism, password });
      }
    }
    for (const { name, mechanism: number } of request.deletions) {
      const mechanism = MECHANISM_BY_NUMBER[number];
      if (failures.has(name)) continue;
      if (mechanism === undefined || !broker.credentials.hasAdded(name, mechanism)) {
        failures.set(name, ['RESOURCE_NOT_FOUND', 'Attempt to delete a user credential that does not exist']);
      } else changes.push({ name, mechanism, password: undefined });
    }
    try {
      if (changes.length > 0) broker.credentials.alterScram(changes);
    } catch (failure) {
      for (const { name } of changes) failures.set(name, [storageError(failure), messageOf(failure)]);
    }
    return {
      results: [...counts.keys()].map((user) => {
        const [error, errorMessage] = failures.get(user) ?? [undefined, null];
        return { user, errorCode: error === undefined ? 0 : errorCode(error), errorMessage };
      }),
    };
  },
);
