import { describe, expect, it } from 'vitest';
import { parseAcl } from '../../../../src/embedded/kafka/security/acl-text.js';

describe('an ACL in one line', () => {
  it('names principal, permission, operations and resource', () => {
    expect(parseAcl('User:ann allow read,Describe-Configs topic:orders')).toEqual({
      principal: 'User:ann',
      permission: 'ALLOW',
      operations: ['READ', 'DESCRIBE_CONFIGS'],
      resource: { type: 'TOPIC', name: 'orders' },
      host: '*',
    });
  });

  it('has prefixes, all of a type, the cluster, a host', () => {
    const resourceOf = (text: string) => parseAcl(`User:* deny all ${text}`).resource;
    expect(resourceOf('group:app-*')).toEqual({ type: 'GROUP', name: 'app-', pattern: 'PREFIXED' });
    expect(resourceOf('transactional-id:*')).toEqual({ type: 'TRANSACTIONAL_ID', name: '*' });
    expect(resourceOf('cluster')).toEqual({ type: 'CLUSTER', name: 'kafka-cluster' });
    expect(parseAcl('User:* deny all cluster 10.0.0.1').host).toBe('10.0.0.1');
  });

  it.each([
    ['User:ann allow read', 'the wrong number of parts'],
    ['ann allow read topic:t', 'ann is not a principal'],
    ['User:ann permit read topic:t', '"permit" is not one of allow, deny'],
    ['User:ann allow peek topic:t', '"peek" is not one of all, read, write'],
    ['User:ann allow read table:t', '"table" is not one of topic, group, cluster'],
    ['User:ann allow read topic', 'topic has no name'],
  ])('is refused: %s', (text, why) => {
    expect(() => parseAcl(text)).toThrow(why);
  });
});
