import { afterEach, beforeEach, expect, it } from 'vitest';
import { deadLettersOf } from '../../../src/kinds/rabbitmq/queues.js';
import { textOf, Workspace } from '../pipeline/workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

it('tells queues where refused messages end from those where they only wait to be tried again', () => {
  workspace.write(
    'hub.yaml',
    `
version: 1
name: hub
rabbitmq:
  exchanges: { refused: { type: fanout } }
  queues:
    plain: {}
    mails: { deadLetter: pause }
    pause: { deadLetter: mails, arguments: { x-message-ttl: 1000 } }
    orders: { arguments: { x-dead-letter-exchange: refused } }
    late: { deadLetter: given-up, arguments: { x-message-ttl: 1000 } }
    given-up: {}
    archive: {}
  bindings: [{ exchange: refused, queue: late }, { exchange: refused, queue: archive }]
`,
  );
  const { pipeline, problems } = workspace.load({ files: ['hub.yaml'] });
  if (pipeline === undefined) throw new Error(problems.map(textOf).join('\n'));
  expect(deadLettersOf('plain', pipeline)).toEqual({ final: [], retries: [] });
  expect(deadLettersOf('mails', pipeline)).toEqual({ final: [], retries: ['pause'] });
  expect(deadLettersOf('orders', pipeline)).toEqual({ final: ['given-up', 'archive'], retries: ['late'] });
});
