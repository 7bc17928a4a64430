/** Owns the catalog's entries, and reports every change of one by an event in its outbox. Of the products it has a copy. */
import { date, entity, flag, generated, NotYet, type Queries, runService, text, uuid } from 'evpipe/kit';
import { type CatalogEvent, entryKey, occurred } from './events.js';

runService(async (service) => {
  const database = await service.database();
  const outbox = await service.pollingOutbox({ database, table: 'catalog_event' });
  const topic = service.env('TOPIC');

  const entries = entity({
    name: 'catalog entry',
    plural: 'entry',
    table: 'catalog_catalogentry',
    order: ['product_uuid', 'market_iso_code'],
    fields: {
      product_uuid: uuid(),
      market_iso_code: text({ max: 2 }),
      start_offering: date(),
      offering_ends: date(),
      revision: generated<number>('revision + 1'),
    },
    async onChange(transaction, { kind, row, before }) {
      const send = (key: string, event: CatalogEvent | null) =>
        outbox.add(transaction, { topic, key, body: event === null ? null : JSON.stringify(event) });
      const key = entryKey(row.product_uuid, row.market_iso_code);
      const keyBefore = before === undefined ? key : entryKey(before.product_uuid, before.market_iso_code);
      if (kind === 'deleted' || keyBefore !== key) await send(keyBefore, null);
      if (kind === 'deleted') return;
      const created = kind === 'created' || keyBefore !== key;
      const { product, market } = await namesOf(transaction, row.product_uuid, row.market_iso_code);
      await send(key, {
        ...occurred(
          created ? 'CATALOG_ENTRY_CREATED' : 'CATALOG_ENTRY_UPDATED',
          `/catalog/api/v1/entry/${row.id}`,
          row.revision,
        ),
        catalogId: row.id,
        data: {
          productName: product,
          productUUID: row.product_uuid,
          market,
          marketISOCode: row.market_iso_code,
          StartOffering: row.start_offering,
          OfferingEnds: row.offering_ends,
        },
      });
    },
  });

  const products = entity({
    name: 'product',
    plural: 'product',
    table: 'catalog_product',
    order: ['name'],
    fields: {
      product_uuid: uuid(),
      name: text({ max: 200 }),
      product_category: text({ max: 50 }),
      discontinued: flag(),
      revision: generated<number>(),
    },
  });

  await service.serve({
    title: 'Catalog',
    database,
    entities: [entries, products],
    admin: '/catalog/admin',
    api: '/catalog/api/v1',
    notice: 'Products are copies. What is changed in one here is told to nobody: verify-consistency will name it.',
  });
});

/** Throws NotYet where the product has not arrived from the monolith: whoever asked is told to come again. */
async function namesOf(
  queries: Queries,
  product: string,
  market: string,
): Promise<{ product: string; market: string }> {
  const [names] = await queries.query<{ product: string; market: string }>(
    `SELECT p.name AS product, m.name AS market FROM catalog_product p, catalog_market m
     WHERE p.product_uuid = $1 AND m.iso_code = $2`,
    [product, market],
  );
  if (names === undefined) throw new NotYet(`product ${product}`);
  return names;
}
