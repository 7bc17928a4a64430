/** Owns the orders, and tells of every change of one by an event that it publishes itself. */
import { entity, integer, runService, text } from 'evpipe/kit';

runService(async (service) => {
  const database = await service.database();
  const outbox = await service.pollingOutbox({ database, table: 'order_event' });
  const topic = service.env('TOPIC');

  const orders = entity({
    name: 'order',
    plural: 'orders',
    table: 'orders_order',
    fields: { customer: text(), quantity: integer() },
    /** Runs in the transaction of the change: both are there, or neither. */
    async onChange(transaction, { kind, row }) {
      await outbox.add(transaction, {
        topic,
        key: row.id,
        body: kind === 'deleted' ? null : JSON.stringify(row),
      });
    },
  });

  await service.serve({ title: 'Orders', database, entities: [orders] });
});
