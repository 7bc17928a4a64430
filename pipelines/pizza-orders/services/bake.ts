/** Bakes every assembled pizza once. */
import { runService } from 'evpipe/kit';
import { readEvent, report, STATUS, timeAfter } from './pizza-event.js';

runService(async (service) => {
  const database = await service.database();
  const outbox = await service.pollingOutbox({ database, table: 'baking_outbox' });
  const bakedTopic = service.env('BAKED');

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('ASSEMBLED')],
    database,
    async apply({ key, value }, transaction) {
      const order = String(key);
      const assembled = readEvent(value);
      const baked = { status: STATUS.baked, timestamp: timeAfter(assembled) };
      const [fresh] = await transaction.query(
        'INSERT INTO baked (order_id, assembled, timestamp) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING order_id',
        [order, assembled.timestamp, baked.timestamp],
      );
      if (fresh !== undefined) await report(outbox, transaction, { topic: bakedTopic, order, event: baked });
    },
  });
});
