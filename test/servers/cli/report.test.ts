import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runIn } from '../../support/command-line.js';
import { openShop, type Shop } from './shop.js';

let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});

afterAll(() => shop?.stop());

it('report writes one page of the flow, the checks, the components and the groups, and ends as the checks do', async () => {
  const { code, out } = await runIn(shop.folder, shop.env, 'report', 'page.html', '--target', 'test', '-o', 'json');
  // Two empty tables agree, which proves nothing.
  expect(JSON.parse(out)).toEqual({ kind: 'result', exitCode: 5, file: join(shop.folder, 'page.html') });
  expect(code).toBe(5);
  const page = readFileSync(join(shop.folder, 'page.html'), 'utf8');
  expect(page).toContain('<title>shop</title>');
  expect(page).toContain("default-src 'none'");
  expect(page).toMatch(/<svg [\s\S]*>orders<[\s\S]*<\/svg>/);
  expect(page).toMatch(/<td>copies<\/td><td>○ empty<\/td>/);
  expect(page).toMatch(/<td>✓ kafka<\/td><td>unknown<\/td>/);
  expect(page).not.toMatch(/(src|href)=/);
  const unwritable = await runIn(
    shop.folder,
    shop.env,
    'report',
    'no/such/page.html',
    '--no-checks',
    '--target',
    'test',
  );
  expect(unwritable).toMatchObject({ code: 1, err: expect.stringContaining('cannot write the report') });
});
