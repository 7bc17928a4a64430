import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveProviders } from '../../../../src/embedded/connect/config/providers.js';
import { maskSecrets, redact, unmaskSecrets } from '../../../../src/embedded/connect/config/secrets.js';

const home = mkdtempSync(join(tmpdir(), 'evpipe-providers-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const secrets = join(home, 'secrets');
const stateFolder = join(secrets, '.evpipe', 'shop');
mkdirSync(stateFolder, { recursive: true });
writeFileSync(join(secrets, 'db.properties'), '# of the shop\nuser = ann\npassword=a=b:c\n');
writeFileSync(join(secrets, 'token'), 'xyz');
writeFileSync(join(home, 'secrets-of-others'), 'password=theirs\n');
writeFileSync(join(stateFolder, 'secrets.json'), 'password=ours\n');
symlinkSync(join(home, 'secrets-of-others'), join(secrets, 'link'));

const providers = { env: { TOKEN: 'from-env' }, allowedPaths: [secrets], stateFolder };
const resolved = (text: string, allowed = providers) => resolveProviders({ a: text }, allowed).config.a;

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: Connect's own placeholders
describe('placeholders of configurations', () => {
  it.each([
    ['${env:TOKEN}', 'from-env'],
    ['<${env:TOKEN}> ${env:TOKEN}', '<from-env> from-env'],
    [`\${file:${secrets}/db.properties:user}`, 'ann'],
    [`\${file:${secrets}/db.properties:password}`, 'a=b:c'],
    [`\${directory:${secrets}:token}`, 'xyz'],
    ['${topic}', '${topic}'],
  ])('%s is %s', (text, value) => {
    expect(resolved(text)).toBe(value);
  });

  it.each([
    ['a variable that connect.env does not declare', '${env:HOME}'],
    ['a file outside', '${file:/etc/passwd:root}'],
    ['a file in a folder whose name begins alike', `\${file:${home}/secrets-of-others:password}`],
    ['a way out by dots', `\${file:${secrets}/../secrets-of-others:password}`],
    ['a way out by a symbolic link', `\${file:${secrets}/link:password}`],
    ['the state folder', `\${file:${stateFolder}/secrets.json:password}`],
    ['a folder outside', '${directory:/etc:hostname}'],
    ['a way out by the file name', `\${directory:${secrets}:../secrets-of-others}`],
    ['a file that does not exist', `\${file:${secrets}/none:user}`],
    ['a key that does not exist', `\${file:${secrets}/db.properties:none}`],
  ])('refuses %s', (_, text) => {
    expect(() => resolved(text)).toThrow(/^Could not resolve .* in option a: /);
  });

  it('reads no file at all unless a folder is allowed', () => {
    const closed = { ...providers, allowedPaths: [] };
    expect(() => resolved(`\${file:${secrets}/db.properties:user}`, closed)).toThrow('connect.allowedPaths');
  });
});

describe('secrets of configurations', () => {
  const stored = {
    'database.password': 'hunter22',
    'other.password': '${env:TOKEN}',
    'value.converter.basic.auth.user.info': 'a:b',
    'value.converter.schema.registry.url': 'http://ann:pw@h:8081',
    'topic.prefix': 'shop',
  };
  const shown = {
    'database.password': '[hidden]',
    'other.password': '${env:TOKEN}',
    'value.converter.basic.auth.user.info': '[hidden]',
    'value.converter.schema.registry.url': 'http://[hidden]@h:8081',
    'topic.prefix': 'shop',
  };

  it('are hidden, placeholders are not', () => {
    expect(maskSecrets(stored)).toEqual(shown);
  });

  it('stay what they are where a client sends back what it was shown', () => {
    expect(unmaskSecrets({ ...shown, 'topic.prefix': 'new' }, stored)).toEqual({ ...stored, 'topic.prefix': 'new' });
    expect(unmaskSecrets({ 'database.password': 'changed' }, stored)).toEqual({ 'database.password': 'changed' });
  });

  it('are taken out of messages', () => {
    expect(redact('FATAL: no hunter22 here, hunter22', ['hunter22', ''])).toBe('FATAL: no [hidden] here, [hidden]');
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: Connect's own placeholders
