import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { COMMANDS_WITH_JSON } from '../../src/cli/output-shapes.js';
import { provePersonPlanning } from '../matrix/person-planning.js';
import type { Sandbox } from '../support/evpipe.js';
import { wordsOf } from '../support/shell-words.js';

let box: Sandbox;

/** Of things that this pipeline does not have, that go on for ever, or that would change what the tests after this one begin with. */
const NOT_HERE =
  /orders|billing|shop|staging|cluster|ORDERS|reset|--watch|--follow|--down|^(top|smoke|kafka|completion|import|init|init-\w+|up|apply|seed|down|exec --.*|connectors pause .*|schema|psql planning( --.*)?)( |$)|checks\.sql|ksql-tests|7c1f39a0/;

const examples = COMMANDS.flatMap((command) => command.examples).filter((line) => !NOT_HERE.test(line));

/** With what they print as JSON where they print data: the sandbox holds it against docs/json-output.md. */
it('takes the examples of --help as pasted, and prints data in the documented shapes', async () => {
  const failed: string[] = [];
  for (const line of examples) {
    const [command = '', ...words] = wordsOf(line).map((word) => word.replace('pipelines/person-planning', '.'));
    const args = [command, ...(command === 'tail' ? ['-b', '-e', '-n', '3'] : []), ...words];
    const isJson = COMMANDS_WITH_JSON.includes(command) && !/output|-o /.test(line);
    const { code, stderr, stdout } = await box.run(...args, ...(isJson ? ['-o', 'json'] : []));
    if (code !== 0) failed.push(`${line}: ${code} ${stderr}${stdout.slice(-500)}`);
  }
  expect((await box.run('start', 'planning-person-consumer')).code).toBe(0);
  expect(examples.length).toBeGreaterThan(25);
  expect(failed).toEqual([]);
});

provePersonPlanning(async (opened) => {
  box = opened;
  return { options: [] };
});
