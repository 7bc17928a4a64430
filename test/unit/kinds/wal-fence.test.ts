import { describe, expect, it } from 'vitest';
import { harmedReader, type KnownConnector } from '../../../src/kinds/check/wal-fence.js';
import { POSTGRES_SOURCE } from '../../../src/kinds/connector/connector-flow.js';

const connector = (name: string, config: Record<string, string>): KnownConnector => ({
  name,
  config: { 'connector.class': POSTGRES_SOURCE, 'slot.name': name, 'database.dbname': 'shop', ...config },
});
const excluding = { 'message.prefix.exclude.list': 'evpipe' };

describe('who would be harmed by a fence message', () => {
  it.each<[string, string[], KnownConnector[], RegExp | undefined]>([
    ['nobody where nothing reads the WAL', [], [], undefined],
    [
      'nobody where every reader excludes the prefix',
      ['a', 'b'],
      [connector('a', excluding), connector('b', { 'message.prefix.exclude.list': 'x, ev.*' })],
      undefined,
    ],
    [
      'nobody where only other prefixes are included',
      ['a'],
      [connector('a', { 'message.prefix.include.list': 'orders' })],
      undefined,
    ],
    [
      'a connector without the exclusion beside one that has it',
      ['a', 'b'],
      [connector('a', excluding), connector('b', {})],
      /connector b .*message\.prefix\.exclude\.list=evpipe/,
    ],
    ['a connector that has no slot yet', [], [connector('b', {})], /connector b/],
    [
      'a connector whose database is a placeholder',
      [],
      [connector('b', { 'database.dbname': '${env:DB}' })],
      /connector b/,
    ],
    ['not a connector of another database', [], [connector('b', { 'database.dbname': 'other' })], undefined],
    [
      'not a sink',
      [],
      [connector('b', { 'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector' })],
      undefined,
    ],
    ['the reader of a slot that no connector owns', ['walkie'], [connector('a', excluding)], /slot walkie/],
  ])('%s', (_, slots, connectors, expected) => {
    const found = harmedReader('shop', slots, connectors);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(expected);
  });
});
