/** Owns the orders, and tells of every change of one by an event in its outbox. */
import { cloudEvent, entity, integer, runService, text, writeOutbox } from 'evpipe/kit';

runService(async (service) => {
  const database = await service.database();
  const topic = service.env('TOPIC');

  const orders = entity({
    name: 'order',
    plural: 'orders',
    table: 'orders_order',
    fields: { customer: text(), quantity: integer() },
    /** Runs in the transaction of the change: both are there, or neither. */
    async onChange(transaction, { kind, row }) {
      const event = cloudEvent(`order.${kind}`, 'orders', row);
      await writeOutbox(transaction, {
        topic,
        key: row.id,
        id: event.id,
        type: event.type,
        source: event.source,
        payload: kind === 'deleted' ? null : Buffer.from(JSON.stringify(event)),
      });
    },
  });

  await service.serve({ title: 'Orders', database, entities: [orders] });
});
