import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawText } from '../../../src/kinds/flow/draw.js';
import { drawMermaid } from '../../../src/kinds/flow/draw-mermaid.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { textOf, Workspace } from '../pipeline/workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

function loaded({ pipeline, problems }: ReturnType<Workspace['load']>): Pipeline {
  if (pipeline === undefined) throw new Error(problems.map(textOf).join('\n'));
  return pipeline;
}

/** A file on its own, in the workspace's folder. */
function alone(text: string): Pipeline {
  workspace.write('alone/evpipe.yaml', `version: 1\nname: alone\n${text}`);
  return loaded(workspace.load({ files: ['alone'] }));
}

const IN_CIRCLES = `
topics: { product: {}, catalog: {} }
databases: { shop: {}, books: {} }
services:
  shop: { command: [node], outbox: { database: shop, table: event, reports: [product], sent: sent, topics: [product] }, consumes: { group: shop, topics: [catalog] }, writes: { database: shop, tables: [entry] } }
  books: { command: [node], outbox: { database: books, table: event, reports: [entry], sent: sent, topics: [catalog] }, consumes: { group: books, topics: [product] }, writes: { database: books, tables: [product, entry] } }
`;

const QUEUES = `
databases: { main: {}, mails: {} }
rabbitmq:
  exchanges: { events: { type: fanout } }
  queues: { mails: { deadLetter: dead }, dead: {} }
  bindings: [{ exchange: events, queue: mails }]
services:
  main: { command: [node], publishes: [events], outbox: { database: main, table: event, reports: [user], sent: sent } }
  mailer: { command: [node], receives: [mails], writes: { database: mails, tables: [mail] } }
checks: { kept: { conservation: { queue: mails } } }
`;

describe('the drawing of a pipeline', () => {
  it('shows the way of the data, row by row, then what is on no way', () => {
    expect(drawText(loaded(workspace.load()), { columns: 80 })).toBe(
      `person-planning

person        ──▶ person.person_person ──outbox──▶ person-outbox
service :8001     table                            connector
     ──▶ public_person_entity_events ──▶ planning-person-consumer
         topic, 3 partitions             service, group planning-person
          ──▶ planning.planning_person
              table, check persons

accounting.accounting_balancesheet ──▶ accounting-cdc
table                                  connector
     ──▶ private_accounting_bal_sheet_cdc ──▶ CSAS_BALANCE_SHEET_EVENTS
         topic, 3 partitions                  ksqlDB query
          ──▶ public_balance_sheet_entity_events
              topic, 3 partitions
               ──▶ planning-balance-sheet-consumer
                   service, group planning-balance-sheet
               ──▶ planning.planning_balancesheet
                   table, check balance-sheets

accounting  service :8002, uses database accounting
planning    service :8003, uses database planning
`,
    );
  });

  it('is the same where ksql makes the connectors', () => {
    const view = { columns: 80 };
    expect(drawText(loaded(workspace.load({ profiles: ['ksql-connectors'] })), view)).toBe(
      drawText(loaded(workspace.load()), view),
    );
  });

  it('draws each step once where data goes in circles', () => {
    const drawing = drawText(alone(IN_CIRCLES), { columns: 200 });
    expect(drawing.split('\n').filter((line) => line.includes('▶'))).toEqual([
      'shop    ──▶ shop.product ──outbox──▶ shop               ──▶ product            ──▶ books   ──▶ books.product',
      'books   ──▶ books.entry ──outbox──▶ books              ──▶ catalog            ──▶ shop    ──▶ shop.entry',
      'product            ──▶ books   ──▶ books.entry',
    ]);
  });

  it('is a Mermaid flowchart with databases around their tables and checks dotted', () => {
    const lines = drawMermaid(loaded(workspace.load()))
      .split('\n')
      .map((line) => line.trim());
    const idOf = (label: string): string =>
      /^(n\d+)/.exec(lines.find((line) => line.includes(`"${label}"`) && line.startsWith('n')) ?? '')?.[1] ?? label;
    expect(lines[0]).toBe('flowchart LR');
    expect(lines).toContain('subgraph d3["database planning"]');
    expect(lines).toContain(`${idOf('person')} --> ${idOf('person_person')}`);
    expect(lines).toContain(`${idOf('person_person')} -->|outbox| ${idOf('person-outbox')}`);
    expect(lines).toContain(`${idOf('private_accounting_bal_sheet_cdc')} --> ${idOf('CSAS_BALANCE_SHEET_EVENTS')}`);
    expect(lines).toContain(`${idOf('planning')} -.-> d3`);
    expect(lines).toContain(`${idOf('person_person')} -.-|"check persons"| ${idOf('planning_person')}`);
    expect(new Set(lines).size).toBe(lines.length - lines.filter((line) => line === 'end').length + 1);
  });

  it('shows exchanges and queues between those who publish and those who receive', () => {
    expect(drawText(alone(QUEUES), { columns: 100 })).toBe(
      `alone

main    ──▶ main.user ──outbox──▶ main               ──▶ events          ──▶ mails
service     table                 polls outbox event     fanout exchange     queue, check kept
     ──▶ mailer  ──▶ mails.mail
         service     table

mails             ──refused──▶ dead
queue, check kept              queue
`,
    );
    const mermaid = drawMermaid(alone(QUEUES));
    for (const shape of ['{"events"}', '[["mails"]]', '-->|refused|']) expect(mermaid).toContain(shape);
  });
});
