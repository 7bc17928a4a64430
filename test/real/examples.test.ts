import { afterAll, beforeAll, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { COMMANDS_WITH_JSON } from '../../src/cli/output-shapes.js';
import { wordsOf } from '../support/shell-words.js';
import { Stack } from '../support/stack.js';

// It takes as many processes as there are examples, and no real server: it stands here for the time that it takes.
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.up('person-planning');
});

afterAll(() => stack?.remove());

/** Of things that this pipeline does not have, that go on for ever, or that end it. */
const NOT_HERE =
  /orders|billing|shop|staging|cluster|ORDERS|reset|--watch|--follow|--down|^(top|smoke|kafka|completion|import|init|init-\w+|up|apply|seed|down|exec --.*|connectors pause .*|schema|psql planning( --.*)?)( |$)|checks\.sql|ksql-tests/;

const examples = COMMANDS.flatMap((command) => command.examples).filter((line) => !NOT_HERE.test(line));

/** With what they print as JSON where they print data: the sandbox holds it against docs/json-output.md. */
it.each(examples)('%s', async (line) => {
  const [command = '', ...words] = wordsOf(line).map((word) => word.replace('pipelines/person-planning', '.'));
  const args = [command, ...(command === 'tail' && !words.includes('-b') ? ['-e', '-n', '3'] : []), ...words];
  const isJson = COMMANDS_WITH_JSON.includes(command) && !/output|-o /.test(line);
  const { code, stderr, stdout } = await stack.run(...args, ...(isJson ? ['-o', 'json'] : []));
  expect(code, `${stderr}${stdout.slice(-500)}`).toBe(0);
});

it('are enough of them to mean something', () => {
  expect(examples.length).toBeGreaterThan(25);
});
