/** Keeps catalog_product: of each product the newest revision that has arrived. */
import { runService } from 'evpipe/kit';
import type { ProductEvent } from './events.js';

runService(async (service) => {
  const database = await service.database();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ value }, transaction) {
      if (value === null) return; // products are discontinued, never gone
      const { data, revision } = JSON.parse(value.toString()) as ProductEvent;
      await transaction.query(
        `INSERT INTO catalog_product (product_uuid, name, product_category, discontinued, revision)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (product_uuid) DO UPDATE
         SET name = excluded.name, product_category = excluded.product_category,
             discontinued = excluded.discontinued, revision = excluded.revision, updated_at = now()
         WHERE catalog_product.revision < excluded.revision`,
        [data.productUUID, data.productName, data.productCategory, data.discontinued, revision],
      );
    },
  });
});
