import { describe, expect, it } from 'vitest';
import { distinguishedName, principalRules } from '../../../../src/embedded/kafka/security/principal.js';

describe('the name in a certificate', () => {
  it('has its last part first, as Java writes it', () => {
    expect(distinguishedName('C=DE\nO=Acme\\, Inc.\nCN=ann')).toBe('CN=ann,O=Acme\\, Inc.,C=DE');
  });

  it('has parts that Java does not know by name as numbers and bytes', () => {
    expect(distinguishedName('CN=ann\nemailAddress=a@b.c')).toBe('1.2.840.113549.1.9.1=#16056140622e63,CN=ann');
  });
});

describe('ssl.principal.mapping.rules', () => {
  const user = (rules: string, name: string): string | undefined => {
    for (const rule of principalRules(rules)) {
      const found = rule(name);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  it.each([
    ['DEFAULT', 'CN=ann,O=Acme', 'CN=ann,O=Acme'],
    ['RULE:^CN=(.*?),O=Acme$/$1/,DEFAULT', 'CN=ann,O=Acme', 'ann'],
    ['RULE:^CN=(.*?),O=Acme$/$1/,DEFAULT', 'CN=ann,O=Other', 'CN=ann,O=Other'],
    ['RULE:^CN=(.*?),.*$/$1/U', 'CN=ann,O=Acme', 'ANN'],
    ['RULE:^CN=(.*?),OU=(.*?),.*$/$1@$2/L, DEFAULT', 'CN=Ann,OU=Ops,O=Acme', 'ann@ops'],
    ['RULE:^OU=.*$/none/', 'CN=ann', undefined],
  ])('%s makes of %s', (rules, name, expected) => {
    expect(user(rules, name)).toBe(expected);
  });

  it('is refused where it is none', () => {
    expect(() => principalRules('RULES:x')).toThrow('Invalid rule: RULES:x');
  });
});
