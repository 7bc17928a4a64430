import { access } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stack } from '../support/stack.js';

/** What people did by hand in the three admin sites of the original: in one browser, logged in to all three at once. */

const CHROMIUM = '/usr/bin/chromium';
const DEADLINE_MS = 30_000;

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  await access(CHROMIUM);
  stack = await Stack.up('person-planning', '--no-seed');
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});

afterAll(async () => {
  await browser?.close();
  await stack?.remove();
});

async function logIn(page: Page, site: string): Promise<void> {
  await page.goto(`${await stack.url(site)}/admin/`);
  await page.getByLabel('User name').fill('root');
  await page.getByLabel('Password').fill('P@ssw0rd1');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

async function add(page: Page, what: string, list: string, values: Readonly<Record<string, string>>): Promise<void> {
  await page.getByRole('link', { name: list }).first().click();
  await page.getByRole('link', { name: `Add ${what}` }).click();
  for (const [label, value] of Object.entries(values)) await page.getByLabel(label).fill(value);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => page.getByRole('status').textContent(), { timeout: DEADLINE_MS }).toContain('was added');
}

/** The row of the list that holds the text, once it has arrived. */
async function rowWith(page: Page, url: string, text: string): Promise<string> {
  const row = page.getByRole('row').filter({ hasText: text });
  const look = async () => {
    await page.goto(url);
    return row.count();
  };
  await expect.poll(look, { timeout: DEADLINE_MS }).toBe(1);
  return (await row.textContent()) ?? '';
}

it('a person and a balance sheet made in their sites are seen in planning', async () => {
  const context = await browser.newContext();
  const [person, accounting, planning] = [await context.newPage(), await context.newPage(), await context.newPage()];
  await logIn(person, 'person');
  await logIn(accounting, 'accounting');
  await logIn(planning, 'planning');

  await add(person, 'person', 'Persons', {
    'First name': 'Ada',
    'Last name': "O'Lovelace",
    'Date of birth': '1815-12-10',
  });
  const made = await rowWith(person, `${await stack.url('person')}/admin/persons`, "O'Lovelace");
  const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(made)?.[0] ?? '';
  expect(await rowWith(planning, `${await stack.url('planning')}/admin/persons`, id)).toContain('1815-12-10');

  await add(accounting, 'balance sheet', 'Balance sheets', {
    'Person id': id,
    'Date calculated': '2026-01-01',
    Assets: '123456',
    Liabilities: '789',
  });
  const sheets = `${await stack.url('planning')}/admin/balance-sheets`;
  expect(await rowWith(planning, sheets, id)).toMatch(/2026-01-01.*123456.*789/s);
});
