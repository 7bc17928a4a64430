/** Owns the products. It reports nothing: its table's changes are captured from the write-ahead log. */
import { date, entity, integer, runService, text } from 'evpipe/kit';

const products = entity({
  name: 'product',
  plural: 'products',
  table: 'catalog_product',
  fields: { name: text(), price: integer(), available_from: date() },
});

runService(async (service) => {
  const database = await service.database();
  await service.serve({ title: 'Catalog', database, entities: [products] });
});
