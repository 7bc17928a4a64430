import { describe, expect, it } from 'vitest';
import { type CallerRequest, checkCaller } from '../../../src/http/callers.js';

const asked = (headers: CallerRequest['headers'], allowedHosts: readonly string[] = []) => {
  try {
    checkCaller({ method: 'GET', headers }, allowedHosts);
    return 200;
  } catch (failure) {
    return (failure as { readonly status: number }).status;
  }
};

describe('a server that answers to every name', () => {
  it('leaves the check of names to the proxy before it', () => {
    expect(asked({ host: 'shop.example' })).toBe(421);
    expect(asked({ host: 'shop.example' }, ['*'])).toBe(200);
  });

  it('still refuses pages of other origins', () => {
    expect(asked({ host: 'shop.example', origin: 'https://shop.example' }, ['*'])).toBe(200);
    expect(asked({ host: 'shop.example', origin: 'https://evil.example' }, ['*'])).toBe(403);
    expect(asked({ host: 'shop.example', 'sec-fetch-site': 'cross-site' }, ['*'])).toBe(403);
  });
});

it.each([
  ['127.0.0.1', 200],
  ['127.0.0.1.', 200],
  ['localhost:8081', 200],
  ['[::1]', 200],
  ['[::ffff:7f00:1]', 421],
  ['127.1', 421],
  ['2130706433', 421],
  ['0.0.0.0', 421],
  ['localhost@evil.example', 421],
  ['evil.example#localhost', 421],
  ['', 421],
])('as "%s" a server of this machine answers %i', (host, status) => {
  expect(asked({ host })).toBe(status);
});
