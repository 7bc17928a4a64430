import { expect, it } from 'vitest';
import { isRetriable } from '../../../../src/embedded/connect/postgresql/connection.js';

const failure = (code: string, message = 'read failed'): Error => Object.assign(new Error(message), { code });

it.each([
  // A firewall, `ss -K` or a network that goes down ends a connection with others than a reset.
  ...['ECONNABORTED', 'ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH'],
  ...['ENETDOWN', 'ENETRESET', 'ENOTFOUND', 'EAI_AGAIN', '57P01', '55006'],
])('a connector tries again after %s', (code) => {
  expect(isRetriable(failure(code))).toBe(true);
  expect(isRetriable(new AggregateError([failure('EINVAL'), failure(code)]))).toBe(true);
});

it.each(['28P01', '42501', 'EINVAL', ''])('a connector fails with "%s"', (code) => {
  expect(isRetriable(failure(code))).toBe(false);
});
