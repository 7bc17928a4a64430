/** Takes orders, by a form or by its API, and shows what has become of them. */
import { entity, type Field, generated, runService, text } from 'evpipe/kit';
import { orderForm, orderPage } from './pages.js';
import { report, STATUS } from './pizza-event.js';
import { type AskStatus, ksqldbStatus, serviceStatus } from './status-view.js';

/** A list of toppings with commas in between; it may be empty. */
const toppings: Field<string> = { ...text({ max: 200 }), parse: (value) => String(value).trim().slice(0, 200) };

runService(async (service) => {
  const database = await service.database();
  // The order and its event are one transaction: what was answered with 201 is never lost, and nothing else is ever published.
  const outbox = await service.pollingOutbox({ database, table: 'order_outbox' });
  const orderedTopic = service.env('ORDERED');
  const { KSQLDB_URL: ksqldb } = process.env;
  const askStatus: AskStatus =
    ksqldb === undefined ? serviceStatus(service.env('STATUS_URL')) : ksqldbStatus(ksqldb, service.env('KSQLDB_VIEW'));

  const orders = entity({
    name: 'order',
    plural: 'orders',
    table: 'pizza_order',
    order: ['timestamp'],
    fields: {
      name: text(),
      customer_id: text(),
      sauce: text(),
      cheese: text(),
      main_topping: text(),
      extra_toppings: toppings,
      timestamp: generated<number>(),
    },
    async onChange(transaction, { kind, row: { id, timestamp, ...order } }) {
      if (kind !== 'created') return;
      const extra_toppings = order.extra_toppings.split(',').flatMap((one) => one.trim() || []);
      const event = { status: STATUS.ordered, timestamp, order: { ...order, extra_toppings } };
      await report(outbox, transaction, { topic: orderedTopic, order: id, event });
    },
  });

  await service.serve({
    title: 'Pizza orders',
    database,
    entities: [orders],
    notice: 'An order that is out can no longer be changed: edits here stay here.',
    routes(app) {
      app.get('/', (_request, reply) => reply.type('text/html').send(orderForm()));
      app.get<{ Params: { id: string } }>('/orders/:id', ({ params: { id } }, reply) =>
        reply.type('text/html').send(orderPage(id)),
      );
      app.get<{ Params: { id: string } }>('/orders/:id/status', async ({ params: { id } }, reply) =>
        /^[0-9a-f-]{36}$/.test(id) ? { status: await askStatus(id) } : reply.code(404).send({ status: null }),
      );
    },
  });
});
