import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../../src/support/package.js';

/**
 * A regular expression that a file, a command line or a client gives may backtrack without end on what others have written: it is a
 * BoundedRegex, a RE2, or never run. What is made by `new RegExp` is of our own words.
 */
const OF_OUR_OWN_WORDS: Readonly<Record<string, string>> = {
  'embedded/connect/postgresql/temporal.ts': 'units of an interval',
  'embedded/connect/transforms/date-format.ts': 'the letters of date patterns, each with so many digits',
  'embedded/kafka/security/principal.ts': 'ssl.principal.mapping.rules, on names that an authority has signed',
  'kinds/connector/connector-flow.ts': 'a name, escaped',
  'kinds/seed/lint/seeds.ts': 'the name of a table, escaped',
  'kinds/service/section.ts': 'only made, to see whether it is one',
  'ksql/functions/java-pattern.ts': 'a number of digits',
  'operations/import/ksql.ts': 'a name, escaped',
  'operations/init/init.ts': 'the name of a template',
  'support/masked.ts': 'values, escaped',
  'targets/service-build.ts': 'the name of a service, escaped',
  'ui/text/printable.ts': 'classes of characters',
};

it('regular expressions from outside are bounded', () => {
  const src = packageFile('src');
  const makers = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.tsx?$/.test(path) && /\bnew RegExp\(|\bRegExp\(/.test(readFileSync(`${src}/${path}`, 'utf8')),
  );
  expect(makers.sort()).toEqual(Object.keys(OF_OUR_OWN_WORDS).sort());
});
