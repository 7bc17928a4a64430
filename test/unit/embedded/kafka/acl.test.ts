import { describe, expect, it } from 'vitest';
import {
  type Acl,
  type AclFilter,
  allowsSome,
  decide,
  matchesFilter,
  OPERATIONS,
  type Operation,
  PATTERN_TYPES,
  PERMISSIONS,
  RESOURCE_TYPES,
} from '../../../../src/embedded/kafka/security/acl.js';

const ANN = { principal: 'User:ann', host: '10.0.0.7' };

/** `ALLOW READ orders-*` of a topic, by default for ann from everywhere; a name that ends in `-*` is a prefix. */
function acl(text: string, more: Partial<Acl> = {}): Acl {
  const [permission, operation, name = ''] = text.split(' ');
  const isPrefix = name.endsWith('-*');
  return {
    resourceType: RESOURCE_TYPES.TOPIC,
    resourceName: isPrefix ? name.slice(0, -1) : name,
    patternType: isPrefix ? PATTERN_TYPES.PREFIXED : PATTERN_TYPES.LITERAL,
    principal: 'User:ann',
    host: '*',
    operation: OPERATIONS[operation as keyof typeof OPERATIONS],
    permission: PERMISSIONS[permission as keyof typeof PERMISSIONS],
    ...more,
  };
}

describe('what ACLs of a resource say', () => {
  it.each<readonly [what: string, acls: readonly Acl[], operation: Operation, verdict: string]>([
    ['nothing, where there are none', [], 'READ', 'unknown'],
    ['no, where they are about others', [acl('ALLOW READ t', { principal: 'User:bob' })], 'READ', 'denied'],
    ['yes', [acl('ALLOW READ t')], 'READ', 'allowed'],
    ['yes to everything by ALL', [acl('ALLOW ALL t')], 'ALTER_CONFIGS', 'allowed'],
    ['yes to everybody', [acl('ALLOW READ t', { principal: 'User:*' })], 'READ', 'allowed'],
    ['no from another host', [acl('ALLOW READ t', { host: '10.0.0.8' })], 'READ', 'denied'],
    ['yes from this host', [acl('ALLOW READ t', { host: '10.0.0.7' })], 'READ', 'allowed'],
    ['DESCRIBE along with READ', [acl('ALLOW READ t')], 'DESCRIBE', 'allowed'],
    ['DESCRIBE along with ALTER', [acl('ALLOW ALTER t')], 'DESCRIBE', 'allowed'],
    ['DESCRIBE not along with CREATE', [acl('ALLOW CREATE t')], 'DESCRIBE', 'denied'],
    ['DESCRIBE_CONFIGS along with ALTER_CONFIGS', [acl('ALLOW ALTER_CONFIGS t')], 'DESCRIBE_CONFIGS', 'allowed'],
    ['READ not along with DESCRIBE', [acl('ALLOW DESCRIBE t')], 'READ', 'denied'],
    ['no where one denies, in any order', [acl('ALLOW ALL t'), acl('DENY READ t')], 'READ', 'denied'],
    ['DESCRIBE, where only READ is denied', [acl('DENY READ t'), acl('ALLOW ALL t')], 'DESCRIBE', 'allowed'],
    ['no by DENY ALL', [acl('DENY ALL t'), acl('ALLOW READ t')], 'READ', 'denied'],
  ])('%s', (_, acls, operation, verdict) => {
    expect(decide(acls, ANN, operation)).toBe(verdict);
  });
});

describe('whether there is a topic that may be written', () => {
  it.each<readonly [acls: readonly string[], allowed: boolean]>([
    [[], false],
    [['ALLOW WRITE t'], true],
    [['ALLOW READ t'], false],
    [['ALLOW WRITE *', 'DENY WRITE t'], true],
    [['ALLOW WRITE t', 'DENY WRITE t'], false],
    [['ALLOW WRITE t', 'DENY WRITE *'], false],
    [['ALLOW WRITE ab-*', 'DENY WRITE ab-*'], false],
    [['ALLOW WRITE ab-c', 'DENY ALL ab-*'], false],
    [['ALLOW WRITE ab-*', 'DENY WRITE ab-c'], true],
  ])('%j', (texts, allowed) => {
    expect(
      allowsSome(
        texts.map((text) => acl(text)),
        ANN,
        'WRITE',
      ),
    ).toBe(allowed);
  });
});

describe('a filter', () => {
  const any = {
    resourceType: RESOURCE_TYPES.ANY,
    resourceName: null,
    patternType: PATTERN_TYPES.ANY,
    principal: null,
    host: null,
    operation: OPERATIONS.ANY,
    permission: PERMISSIONS.ANY,
  };

  it.each<readonly [filter: Partial<AclFilter>, found: readonly string[]]>([
    [{}, ['orders', 'ord-', '*']],
    [{ patternType: PATTERN_TYPES.PREFIXED }, ['ord-']],
    [{ resourceName: 'orders' }, ['orders']],
    [{ resourceName: 'ord-1', patternType: PATTERN_TYPES.MATCH }, ['ord-', '*']],
    [{ resourceName: '*', patternType: PATTERN_TYPES.LITERAL }, ['*']],
    [{ operation: OPERATIONS.WRITE }, ['*']],
    [{ resourceType: RESOURCE_TYPES.GROUP }, []],
  ])('%j', (filter, found) => {
    const acls = ['ALLOW READ orders', 'ALLOW READ ord-*', 'DENY WRITE *'].map((text) => acl(text));
    const matching = acls.filter((one) => matchesFilter({ ...any, ...filter }, one));
    expect(matching.map(({ resourceName }) => resourceName)).toEqual(found);
  });
});
