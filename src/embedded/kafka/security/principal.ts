import type { X509Certificate } from 'node:crypto';

/** `ssl.principal.mapping.rules`, read. Each is tried in turn; the first that matches a certificate's name makes a user of it. */
export type PrincipalRule = (distinguishedName: string) => string | undefined;

const RULE = /(DEFAULT)|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?)|([^,\s][^,]*)/g;

/** Throws a TypeError where the text is none. */
export function principalRules(text: string): PrincipalRule[] {
  const rules: PrincipalRule[] = [];
  for (const [, isDefault, pattern, replacement = '', letters, other] of text.matchAll(RULE)) {
    if (other !== undefined) throw new TypeError(`Invalid rule: ${other}`);
    if (isDefault !== undefined) rules.push((name) => name);
    else if (pattern !== undefined) rules.push(mapped(pattern, replacement, letters));
  }
  return rules;
}

function mapped(pattern: string, replacement: string, letters: string | undefined): PrincipalRule {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (name) => {
    if (!whole.test(name)) return undefined;
    const user = name.replace(whole, replacement.replaceAll(/\\(.)/g, '$1'));
    if (letters === 'L') return user.toLowerCase();
    return letters === 'U' ? user.toUpperCase() : user;
  };
}

/** The user of a client's certificate. Undefined where no rule matches: the connection is to be closed. */
export function certificateUser(rules: readonly PrincipalRule[], certificate: X509Certificate): string | undefined {
  const name = distinguishedName(certificate.subject);
  for (const rule of rules) {
    const user = rule(name);
    if (user !== undefined) return user;
  }
  return undefined;
}

/** Those that Java writes by name. */
const NAMED: ReadonlySet<string> = new Set(['CN', 'C', 'O', 'OU', 'L', 'ST', 'STREET', 'DC', 'UID']);

/** Others by their number, the value as the bytes that it has in the certificate (RFC 2253, 2.4). */
const NUMBERS: Readonly<Record<string, readonly [oid: string, tag: number]>> = {
  emailAddress: ['1.2.840.113549.1.9.1', 0x16],
};

/** As Java's X500Principal writes it: the last part first. `subject` has a line for each, the first one first, escaped already. */
export function distinguishedName(subject: string): string {
  return subject
    .split('\n')
    .filter((line) => line !== '')
    .reverse()
    .map((line) => {
      const at = line.indexOf('=');
      const [type, value] = [line.slice(0, at), line.slice(at + 1)];
      const number = NAMED.has(type) ? undefined : NUMBERS[type];
      if (number === undefined) return line;
      const bytes = Buffer.from(value, 'utf8');
      return `${number[0]}=#${Buffer.concat([Buffer.from([number[1], bytes.length]), bytes]).toString('hex')}`;
    })
    .join(',');
}
