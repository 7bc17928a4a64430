import type { SourceLocation } from '../support/errors.js';
import { xmlEscaped } from '../support/xml.js';

/** A test as CI systems know it. */
export interface TestCase {
  readonly name: string;
  /** failure: what was tested is wrong; error: it could not be tested; refused: it never can be as it is declared, an error too. */
  readonly outcome: 'passed' | 'failure' | 'error' | 'refused';
  /** One line. */
  readonly message: string;
  /** Everything there is to say, many lines. */
  readonly detail: string;
  readonly location: SourceLocation | undefined;
  readonly elapsedMs: number;
}

const ELEMENTS = { passed: '', failure: 'failure', error: 'error', refused: 'error' } as const;

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** JUnit's XML, as CI systems read it: one suite, one test case each. */
export function junitXml(suite: string, cases: readonly TestCase[]): string {
  const count = (element: string): number => cases.filter(({ outcome }) => ELEMENTS[outcome] === element).length;
  const totals = { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: 0 };
  const time = seconds(cases.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0));
  const tests = cases.map((one) => testCase(suite, one));
  const content = element('testsuites', totals, [element('testsuite', { name: suite, ...totals, time }, tests)]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${content}\n`;
}

function testCase(classname: string, { name, outcome, message, detail, location, elapsedMs }: TestCase): string {
  const attributes = { classname, name, time: seconds(elapsedMs), file: location?.file };
  if (outcome === 'passed') return element('testcase', attributes, []);
  const type = { failure: undefined, error: 'inconclusive', refused: 'refused' }[outcome];
  return element('testcase', attributes, [element(ELEMENTS[outcome], { message, type }, [xmlEscaped(detail)])]);
}

function element(name: string, attributes: Attributes, content: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? '' : ` ${key}="${xmlEscaped(String(value)).replaceAll('\n', '&#10;')}"`,
  );
  const start = `<${name}${written.join('')}`;
  return content.length === 0 ? `${start}/>` : `${start}>${content.join('')}</${name}>`;
}

const seconds = (ms: number): number => Math.round(ms) / 1000;
