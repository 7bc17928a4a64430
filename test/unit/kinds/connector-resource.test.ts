import { expect, it } from 'vitest';
import { connectorResource, withoutSecrets } from '../../../src/kinds/connector/resource.js';

const spec = (config: Readonly<Record<string, string>>) => ({ name: 'orders', config, locationOf: () => undefined });
const diff = (wanted: Readonly<Record<string, string>>, live: Readonly<Record<string, string>>) =>
  connectorResource.diff(spec(wanted), { config: live });

it('shows each option that differs, and what a change of it implies', () => {
  const live = { name: 'orders', 'slot.name': 'a', 'tasks.max': '1', 'poll.interval.ms': '500' };
  expect(diff({ 'slot.name': 'b', 'tasks.max': '1' }, live)).toEqual([
    expect.objectContaining({ summary: 'poll.interval.ms 500 → unset', implies: 'its tasks restart' }),
    expect.objectContaining({ summary: 'slot.name a → b', implies: expect.stringContaining('a new slot') }),
  ]);
});

it('shows no password, neither as an option nor in an address', () => {
  const wanted = {
    'database.password': 'horse',
    'connection.url': 'http://me:battery@db/',
    'a.sasl.jaas.config': 'staple',
  };
  const shown = JSON.stringify(
    diff(wanted, {
      ...wanted,
      'database.password': 'old',
      'connection.url': 'http://me:new@db/',
      'a.sasl.jaas.config': 'x',
    }),
  );
  expect(shown).toContain('database.password [hidden] → [hidden]');
  for (const secret of ['horse', 'battery', 'staple', 'old', 'new@']) expect(shown).not.toContain(secret);
});

it('hides a password that Kafka Connect repeats in what it says against a config', () => {
  const message = 'could not log in as me with horse at postgres://me:horse@db/';
  expect(withoutSecrets(message, { 'database.password': 'horse' })).toBe(
    'could not log in as me with [hidden] at postgres://[hidden]@db/',
  );
});
