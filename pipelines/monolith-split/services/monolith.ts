/** Owns the products, and reports every change of one by an event in its outbox. Of the entries it has a copy. */
import { date, entity, flag, generated, runService, text, uuid } from 'evpipe/kit';
import { occurred, type ProductEvent } from './events.js';

runService(async (service) => {
  const database = await service.database();
  const outbox = await service.pollingOutbox({ database, table: 'product_event' });
  const topic = service.env('TOPIC');

  const products = entity({
    name: 'product',
    plural: 'product',
    table: 'product_product',
    order: ['name'],
    fields: {
      name: text({ max: 200 }),
      product_category: text({ max: 50 }),
      discontinued: flag(),
      revision: generated<number>('revision + 1'),
    },
    softDelete: 'discontinued',
    async onChange(transaction, { kind, row, before }) {
      const discontinued = row.discontinued && before?.discontinued === false;
      const name = kind === 'created' ? 'PRODUCT_CREATED' : discontinued ? 'PRODUCT_DISCONTINUED' : 'PRODUCT_UPDATED';
      const event: ProductEvent = {
        ...occurred(name, `/api/v1/product/${row.id}`, row.revision),
        productId: row.id,
        data: {
          productName: row.name,
          productUUID: row.id,
          discontinued: row.discontinued,
          productCategory: row.product_category,
        },
      };
      await outbox.add(transaction, { topic, key: row.id, body: JSON.stringify(event) });
    },
  });

  const entries = entity({
    name: 'catalog entry',
    plural: 'catalog',
    table: 'catalog_catalogentry',
    order: ['product_uuid', 'market_iso_code'],
    fields: {
      product_uuid: uuid(),
      market_iso_code: text({ max: 2 }),
      start_offering: date(),
      offering_ends: date(),
      revision: generated<number>(),
    },
  });

  await service.serve({
    title: 'Monolith',
    database,
    entities: [products, entries],
    api: '/api/v1',
    notice:
      'Catalog entries are copies. What is changed in one here is told to nobody: verify-consistency will name it.',
  });
});
