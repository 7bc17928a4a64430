import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportPage } from '../../src/cli/report-page.js';
import { drawSvg } from '../../src/kinds/flow/draw-svg.js';
import { KINDS } from '../../src/kinds/table.js';
import { loadPipeline } from '../../src/pipeline/load.js';

/** The page of `report` as a browser shows it, with data that would like to be markup. */

const EVIL = '</style><script>document.title = "run"</script><img src=x onerror="document.title=\'run\'">';
const folder = mkdtempSync(join(tmpdir(), 'evpipe-report-'));
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function evilPage(): string {
  const { pipeline } = loadPipeline(
    { files: ['pipelines/person-planning'], profiles: [], env: {}, cwd: process.cwd(), target: undefined },
    KINDS,
  );
  if (pipeline === undefined) throw new Error('the pipeline is not valid');
  return reportPage({
    status: {
      pipeline: 'person-planning',
      target: 'embedded',
      running: true,
      components: [{ name: 'kafka', health: 'bad', state: 'failed', lastError: EVIL }],
      flows: [],
      notes: [EVIL],
    },
    drawing: drawSvg(pipeline, ({ kind }) => (kind === 'connector' ? { text: EVIL, health: 'bad' } : undefined)),
    checks: [
      {
        ...{ check: 'persons', kind: 'compare', verdict: 'inconsistent', source: 'a.t', replica: 'b.t', why: EVIL },
        ...{
          sourceRows: 2,
          replicaRows: 2,
          missing: 0,
          extra: 0,
          different: 1,
          compared: ['name'],
          skipped: [],
          way: [],
        },
        findings: [{ kind: 'different', key: [EVIL], columns: [{ column: 'name', source: EVIL, replica: null }] }],
        elapsedMs: 1,
      },
    ],
    lags: [{ group: EVIL, lags: [0, 12, 3] }],
    at: '2026-01-31T12:00:00Z',
  });
}

it('shows the flow, the checks with their rows, and runs nothing that is in the data', async () => {
  const file = join(folder, 'report.html');
  writeFileSync(file, evilPage());
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  expect(await page.title()).toBe('person-planning');
  expect(asked).toHaveLength(1);
  expect(await page.locator('script, img').count()).toBe(0);
  expect(await page.getByText(EVIL).count()).toBeGreaterThan(3);

  // Each text is inside its box as the browser measures it, whatever font it has.
  const outside: string[] = [];
  for (const group of await page.locator('svg g').all()) {
    const box = await group.locator('rect').boundingBox();
    for (const text of await group.locator('text').all()) {
      const at = await text.boundingBox();
      if (
        box === null ||
        at === null ||
        at.x + at.width > box.x + box.width ||
        at.y + at.height > box.y + box.height + 1
      )
        outside.push((await text.textContent()) ?? '');
    }
  }
  expect(outside).toEqual([]);
});
