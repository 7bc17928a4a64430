import { expect, it } from 'vitest';
import { junitXml, type TestCase } from '../../../src/cli/junit.js';

const passed: TestCase = {
  name: 'orders',
  outcome: 'passed',
  message: '',
  detail: '',
  location: undefined,
  elapsedMs: 12,
};

it('counts a suite of nothing', () => {
  expect(junitXml('shop', [])).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<testsuites tests="0" failures="0" errors="0" skipped="0">' +
      '<testsuite name="shop" tests="0" failures="0" errors="0" skipped="0" time="0"/></testsuites>\n',
  );
});

it('tells what was wrong from what could not be tested', () => {
  const xml = junitXml('shop', [
    passed,
    { ...passed, outcome: 'failure', message: '1 row differs', detail: 'id 7' },
    { ...passed, outcome: 'error', message: 'no connection', detail: 'ECONNREFUSED' },
  ]);
  expect(xml).toContain('tests="3" failures="1" errors="1" skipped="0" time="0.036"');
  expect(xml).toContain('<testcase classname="shop" name="orders" time="0.012"/>');
  expect(xml).toContain('<failure message="1 row differs">id 7</failure>');
  expect(xml).toContain('<error message="no connection" type="inconclusive">ECONNREFUSED</error>');
});

it('keeps markup, line breaks and control characters of messages from breaking the document', () => {
  const xml = junitXml('a & b', [
    { ...passed, outcome: 'failure', message: '"x" < 1\n', detail: 'line 1\nline 2 \u0000' },
  ]);
  expect(xml).toContain('name="a &amp; b"');
  expect(xml).toContain('<failure message="&quot;x&quot; &lt; 1&#10;">line 1\nline 2 \ufffd</failure>');
});
